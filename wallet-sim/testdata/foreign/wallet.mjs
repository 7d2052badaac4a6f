// A wallet made of packages that are not ours: it receives credentials and presents them. A person in a browser, and the attestations
// of its provider, it has from the test.
import * as jose from 'jose'
import { Openid4vciClient } from '@openid4vc/openid4vci'
import { Openid4vpClient } from '@openid4vc/openid4vp'
import { clientAuthenticationNone, setGlobalConfig } from '@openid4vc/oauth2'
import { CoseKey, DateOnly, DeviceRequest, DocRequest, Holder, IssuerSigned, ItemsRequest, SessionTranscript } from '@owf/mdoc'
import { need, obey } from './lines.mjs'
import { callbacks, chainOf, der, generateRandom, mdoc, newKey, privateJWK, sdjwt, signerOf, signJwt } from './callbacks.mjs'

setGlobalConfig({ allowInsecureUrls: true }) // the servers of the test are on this machine

const held = new Map() // credentials by configuration: {format, text, key}
const clientId = 'foreign-wallet'
const redirectUri = 'http://localhost:1/callback'

// client is an OpenID4VCI client, with a wallet attestation where the test wants one.
async function client(issuer, attested) {
  let clientAuthentication = clientAuthenticationNone({ clientId })
  if (attested) {
    const instance = await newKey()
    const { jwt } = await need({ attestation: { key: instance, clientId, issuer } })
    clientAuthentication = ({ headers, authorizationServerMetadata }) => prove(instance, jwt, headers, authorizationServerMetadata)
  }
  return new Openid4vciClient({ callbacks: { ...callbacks, clientAuthentication } })
}

// prove is what the package's own clientAuthenticationClientAttestationJwt does, with the challenge that it knows nothing of.
async function prove(key, attestation, headers, { issuer, challenge_endpoint: endpoint }) {
  const { attestation_challenge: challenge } = await (await fetch(endpoint, { method: 'POST' })).json()
  const payload = { iss: clientId, aud: issuer, iat: Math.floor(Date.now() / 1000), jti: jose.base64url.encode(generateRandom(16)), challenge }
  const pop = await signJwt(signerOf(key), { header: { typ: 'oauth-client-attestation-pop+jwt', alg: 'ES256' }, payload })
  headers.set('OAuth-Client-Attestation', attestation)
  headers.set('OAuth-Client-Attestation-PoP', pop.jwt)
}

// receive gets the credential of an offer, verifies it, and keeps it.
async function receive({ offer, txCode, attested, copies, trusted }) {
  const credentialOffer = await new Openid4vciClient({ callbacks }).resolveCredentialOffer(offer)
  const c = await client(credentialOffer.credential_issuer, attested)
  const issuerMetadata = await c.resolveIssuerMetadata(credentialOffer.credential_issuer)
  const [id] = credentialOffer.credential_configuration_ids
  const dpop = { signer: signerOf(await newKey()) }
  const token = credentialOffer.grants['urn:ietf:params:oauth:grant-type:pre-authorized_code']
    ? await c.retrievePreAuthorizedCodeAccessTokenFromOffer({ credentialOffer, issuerMetadata, txCode, dpop })
    : await authorize(c, credentialOffer, issuerMetadata, id, dpop)
  const configuration = issuerMetadata.credentialIssuer.credential_configurations_supported[id]
  const { c_nonce: nonce } = await c.requestNonce({ issuerMetadata })
  const list = await Promise.all(Array.from({ length: copies }, newKey))
  const required = configuration.proof_types_supported.jwt.key_attestations_required
  const keyAttestationJwt = required && (await need({ keyAttestation: { keys: list, nonce, required } })).jwt
  const proofs = []
  for (const key of keyAttestationJwt ? list.slice(0, 1) : list) {
    const made = await c.createCredentialRequestJwtProof({ issuerMetadata, credentialConfigurationId: id, nonce, clientId,
      issuedAt: new Date(), signer: signerOf(key), keyAttestationJwt })
    proofs.push(made.jwt)
  }
  const access = { issuerMetadata, accessToken: token.accessTokenResponse.access_token, dpop: token.dpop }
  const answer = await c.retrieveCredentials({ ...access, credentialConfigurationId: id, proofs: { jwt: proofs } })
  const got = answer.credentialResponse.credentials.map(one => one.credential)
  const claims = []
  for (const [n, text] of got.entries()) claims.push(await check(configuration, text, list[n], trusted))
  await c.sendNotification({ ...access, dpop: { ...access.dpop, ...answer.dpop },
    notification: { notificationId: answer.credentialResponse.notification_id, event: 'credential_accepted' } })
  held.set(id, { format: configuration.format, type: configuration.vct ?? configuration.doctype, text: got[0], key: list[0] })
  return { configuration: id, copies: got.length, claims: claims[0] }
}

async function authorize(c, credentialOffer, issuerMetadata, id, dpop) {
  const pushed = await c.initiateAuthorization({ credentialOffer, issuerMetadata, clientId, redirectUri, dpop,
    scope: issuerMetadata.credentialIssuer.credential_configurations_supported[id].scope })
  const { redirect } = await need({ browser: pushed.authorizationRequestUrl })
  const [authorizationServerMetadata] = issuerMetadata.authorizationServers
  const { code, error } = c.parseAndVerifyAuthorizationResponseRedirectUrl({ url: redirect, authorizationServerMetadata })
  if (error) throw new Error(error)
  return c.retrieveAuthorizationCodeAccessTokenFromOffer({ credentialOffer, issuerMetadata, authorizationCode: code, redirectUri, dpop,
    pkceCodeVerifier: pushed.pkce.codeVerifier })
}

// check verifies what came: signature, chain, validity, status, digests, and that it is bound to our key. It gives the claims.
async function check(configuration, text, key, trusted) {
  if (configuration.format === 'dc+sd-jwt') {
    const { payload } = await sdjwt(key, trusted).verify(text)
    if (payload.vct !== configuration.vct) throw new Error(`vct ${payload.vct}`)
    if (payload.cnf.jwk.x !== key.x) throw new Error('bound to another key')
    return payload
  }
  await Holder.verifyIssuerSigned({ issuerSigned: text, trustedCertificates: trusted.map(der) }, mdoc)
  const signed = IssuerSigned.fromEncodedForOid4Vci(text)
  const mso = signed.issuerAuth.mobileSecurityObject
  if (mso.docType !== configuration.doctype) throw new Error(`docType ${mso.docType}`)
  if (mso.deviceKeyInfo.deviceKey.jwk.x !== key.x) throw new Error('bound to another key')
  return Object.fromEntries([...signed.issuerNamespaces.issuerNamespaces.keys()].map(ns => [ns, plain(signed.getPrettyClaims(ns))]))
}

const plain = claims => JSON.parse(JSON.stringify(claims, (_, v) => (v instanceof DateOnly ? v.toString() : v)))

// present answers a request with what is held, claim for claim what was asked.
async function present({ link, trusted }) {
  const vp = new Openid4vpClient({ callbacks })
  const parsed = vp.parseOpenid4vpAuthorizationRequest({ authorizationRequest: link })
  const request = await vp.resolveOpenId4vpAuthorizationRequest({ authorizationRequestPayload: parsed.params })
  chainOf(request.jar.signer.x5c.map(der), trusted.map(der), new Date())
  const asked = request.authorizationRequestPayload
  const vpToken = {}
  for (const query of chosen(request.dcql.query)) {
    const own = holds(query)
    if (!own) throw new Error(`holds nothing for ${query.id}`)
    vpToken[query.id] = [own.format === 'dc+sd-jwt' ? await presentSDJWT(own, query, asked) : await presentMdoc(own, query, asked)]
  }
  const metadata = asked.client_metadata
  const [jwk] = metadata.jwks.keys
  const answer = await vp.createOpenid4vpAuthorizationResponse({ authorizationRequestPayload: asked,
    authorizationResponsePayload: { vp_token: vpToken },
    jarm: { encryption: { jwk, nonce: jose.base64url.encode(generateRandom(16)) },
      serverMetadata: { authorization_signing_alg_values_supported: ['ES256'], authorization_encryption_alg_values_supported: ['ECDH-ES'],
        authorization_encryption_enc_values_supported: metadata.encrypted_response_enc_values_supported } } })
  const { response } = await vp.submitOpenid4vpAuthorizationResponse({ authorizationRequestPayload: asked, ...answer })
  return { status: response.status, body: await response.json() }
}

const holds = query => [...held.values()].find(h => h.format === query.format && [query.meta.vct_values, query.meta.doctype_value].flat().includes(h.type))

// chosen are the queries to answer: all, or of each set the first option that can be (OpenID4VP 1.0 section 6.4.2).
function chosen({ credentials, credential_sets: sets }) {
  if (!sets) return credentials
  const byId = id => credentials.find(c => c.id === id)
  return sets.flatMap(set => (set.options.find(ids => ids.every(id => holds(byId(id)))) ?? []).map(byId))
}

const frameOf = (path, rest = path.slice(1)) => ({ [path[0]]: rest.length ? frameOf(rest) : true })

async function presentSDJWT(own, query, asked) {
  const frame = Object.assign({}, ...(query.claims ?? []).map(c => frameOf(c.path)))
  const payload = { iat: Math.floor(Date.now() / 1000), aud: asked.client_id, nonce: asked.nonce }
  return sdjwt(own.key, []).present(own.text, frame, { kb: { payload } })
}

async function presentMdoc(own, query, asked) {
  const namespaces = {}
  for (const { path: [space, element] } of query.claims) (namespaces[space] ??= {})[element] = false
  const sessionTranscript = await SessionTranscript.forOid4Vp({ clientId: asked.client_id, nonce: asked.nonce, responseUri: asked.response_uri,
    jwkThumbprint: jose.base64url.decode(await jose.calculateJwkThumbprint(asked.client_metadata.jwks.keys[0])) }, mdoc)
  const response = await Holder.createDeviceResponseForDeviceRequest({
    deviceRequest: DeviceRequest.create({ docRequests: [DocRequest.create({
      itemsRequest: ItemsRequest.create({ docType: query.meta.doctype_value, namespaces }) })] }),
    issuerSigned: [IssuerSigned.fromEncodedForOid4Vci(own.text)], sessionTranscript,
    signature: { signingKey: CoseKey.fromJwk({ ...privateJWK(own.key), alg: 'ES256' }) },
  }, mdoc)
  return response.encodedForOid4Vp
}

await obey({ receive, present })
