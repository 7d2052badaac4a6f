// A credential issuer and a verifier made of packages that are not ours. Their certificates they have from the test.
import { createServer } from 'node:http'
import { randomUUID } from 'node:crypto'
import * as jose from 'jose'
import { Openid4vciIssuer } from '@openid4vc/openid4vci'
import { Openid4vpVerifier } from '@openid4vc/openid4vp'
import { Oauth2AuthorizationServer, Oauth2ResourceServer, preAuthorizedCodeGrantIdentifier, setGlobalConfig } from '@openid4vc/oauth2'
import { CoseKey, DeviceKey, DeviceResponse, Issuer, SessionTranscript } from '@owf/mdoc'
import { need, obey } from './lines.mjs'
import { callbacks, der, generateRandom, hash, mdoc, newKey, privateJWK, sdjwt } from './callbacks.mjs'

setGlobalConfig({ allowInsecureUrls: true }) // everything is on this machine

const vct = 'urn:foreign:member:1'
const docType = 'org.foreign.member.1'
const member = { given_name: 'Eksakt', member_number: '4711' }
const day = 24 * 60 * 60 * 1000

let url
const keys = {} // by use: {key, x5c}
const codes = new Map() // pre-authorized codes: {configuration, txCode}
const nonces = new Set()
const requests = new Map() // by id: {payload, jar, key, outcome}

const issuer = new Openid4vciIssuer({ callbacks })
const authorization = new Oauth2AuthorizationServer({ callbacks })
const resource = new Oauth2ResourceServer({ callbacks })
const verifier = new Openid4vpVerifier({ callbacks })
const random = () => jose.base64url.encode(generateRandom(32))
const signer = use => ({ method: 'x5c', alg: 'ES256', x5c: keys[use].x5c })

const serverMetadata = () => authorization.createAuthorizationServerMetadata({
  issuer: url, token_endpoint: url + '/token', jwks_uri: url + '/jwks', grant_types_supported: [preAuthorizedCodeGrantIdentifier],
  dpop_signing_alg_values_supported: ['ES256'], 'pre-authorized_grant_anonymous_access_supported': true })

const proofTypes = { jwt: { proof_signing_alg_values_supported: ['ES256'] } }
const shown = name => ({ display: [{ name, locale: 'en' }] })
const described = () => issuer.createCredentialIssuerMetadata({
    credential_issuer: url, credential_endpoint: url + '/credential', nonce_endpoint: url + '/nonce',
    credential_configurations_supported: {
      member_sd_jwt: { format: 'dc+sd-jwt', vct, scope: 'member_sd_jwt', cryptographic_binding_methods_supported: ['jwk'],
        credential_signing_alg_values_supported: ['ES256'], proof_types_supported: proofTypes, credential_metadata: shown('Member') },
      member_mdoc: { format: 'mso_mdoc', doctype: docType, scope: 'member_mdoc', cryptographic_binding_methods_supported: ['cose_key'],
        credential_signing_alg_values_supported: [-7], proof_types_supported: proofTypes, credential_metadata: shown('Member') },
    } })

const issuerMetadata = () => ({ credentialIssuer: described(), authorizationServers: [serverMetadata()],
  knownCredentialConfigurations: issuer.getKnownCredentialConfigurationsSupported(described()) })

async function token(request, body) {
  const parsed = authorization.parseAccessTokenRequest({ request, accessTokenRequest: Object.fromEntries(new URLSearchParams(body)) })
  const code = codes.get(parsed.grant.preAuthorizedCode)
  const { dpop } = await authorization.verifyPreAuthorizedCodeAccessTokenRequest({ request, grant: parsed.grant,
    accessTokenRequest: parsed.accessTokenRequest, authorizationServerMetadata: serverMetadata(),
    expectedPreAuthorizedCode: code && parsed.grant.preAuthorizedCode, expectedTxCode: code?.txCode,
    dpop: { required: true, jwt: parsed.dpop?.jwt } })
  codes.delete(parsed.grant.preAuthorizedCode)
  return authorization.createAccessTokenResponse({ audience: url, authorizationServer: url, expiresInSeconds: 300, subject: 'member',
    signer: { method: 'jwk', alg: 'ES256', publicJwk: keys.token.key }, dpop: { jwk: dpop.jwk },
    additionalAccessTokenPayload: { configuration: code.configuration } })
}

async function credential(request, body) {
  const { tokenPayload } = await resource.verifyResourceRequest({ request, authorizationServers: [serverMetadata()],
    resourceServer: url, allowedAuthenticationSchemes: ['DPoP'] })
  const metadata = issuerMetadata()
  const parsed = issuer.parseCredentialRequest({ issuerMetadata: metadata, credentialRequest: JSON.parse(body) })
  const id = parsed.credentialConfigurationId
  if (id !== tokenPayload.configuration) throw new Error(`${id} was not offered`)
  const credentials = []
  for (const jwt of parsed.proofs.jwt) {
    const { nonce } = jose.decodeJwt(jwt)
    if (!nonces.has(nonce)) throw new Error('a c_nonce that is not ours')
    const { signer: { publicJwk } } = await issuer.verifyCredentialRequestJwtProof({ issuerMetadata: metadata, jwt, expectedNonce: nonce })
    credentials.push({ credential: await { member_sd_jwt: issueSDJWT, member_mdoc: issueMdoc }[id](publicJwk) })
  }
  return issuer.createCredentialResponse({ credentialRequest: parsed, credentials })
}

function issueSDJWT(holder) {
  const now = Math.floor(Date.now() / 1000)
  const { kty, crv, x, y } = holder
  return sdjwt(keys.sdjwt.key, []).issue({ iss: url, iat: now, nbf: now, exp: now + 3600, vct, cnf: { jwk: { kty, crv, x, y } }, ...member },
    { _sd: Object.keys(member) }, { header: { x5c: keys.sdjwt.x5c } })
}

async function issueMdoc(holder) {
  const now = new Date(Math.floor(Date.now() / 1000) * 1000)
  const signed = await new Issuer(docType, mdoc).addIssuerNamespace(docType, member).sign({
    signingKey: CoseKey.fromJwk({ ...privateJWK(keys.mdoc.key), alg: 'ES256' }), algorithm: -7, digestAlgorithm: 'SHA-256',
    validityInfo: { signed: now, validFrom: now, validUntil: new Date(now.getTime() + day) },
    deviceKeyInfo: { deviceKey: DeviceKey.fromJwk(holder) }, certificates: keys.mdoc.x5c.map(der) })
  return signed.encodedForOid4Vci
}

// offer makes an offer with a pre-authorized code.
async function offer({ configuration, txCode }) {
  const code = random()
  codes.set(code, { configuration, txCode })
  const made = await issuer.createCredentialOffer({ issuerMetadata: issuerMetadata(), credentialConfigurationIds: [configuration],
    grants: { [preAuthorizedCodeGrantIdentifier]: { 'pre-authorized_code': code, tx_code: txCode && { input_mode: 'numeric', length: txCode.length } } } })
  return { link: made.credentialOffer }
}

const queries = {
  sdjwt: { id: 'member', format: 'dc+sd-jwt', meta: { vct_values: [vct] }, claims: [{ path: ['member_number'] }] },
  mdoc: { id: 'member', format: 'mso_mdoc', meta: { doctype_value: docType }, claims: [{ path: [docType, 'member_number'] }] },
}

// ask makes a signed request, and gives its link.
async function ask({ format }) {
  const id = randomUUID()
  const key = await newKey()
  const clientId = 'x509_hash:' + jose.base64url.encode(hash(der(keys.access.x5c[0]), 'sha-256'))
  const made = await verifier.createOpenId4vpAuthorizationRequest({
    authorizationRequestPayload: { response_type: 'vp_token', response_mode: 'direct_post.jwt', client_id: clientId, nonce: random(), state: random(),
      response_uri: `${url}/responses/${id}`, dcql_query: { credentials: [queries[format]] },
      client_metadata: { jwks: { keys: [{ ...key, use: 'enc', alg: 'ECDH-ES', kid: id }] }, encrypted_response_enc_values_supported: ['A128GCM', 'A256GCM'],
        vp_formats_supported: { 'dc+sd-jwt': { 'sd-jwt_alg_values': ['ES256'], 'kb-jwt_alg_values': ['ES256'] },
          mso_mdoc: { issuerauth_alg_values: [-7, -9], deviceauth_alg_values: [-7, -9] } } } },
    jar: { jwtSigner: signer('access'), requestUri: `${url}/requests/${id}`, expiresInSeconds: 300, additionalJwtPayload: { aud: 'https://self-issued.me/v2' } } })
  requests.set(id, { payload: made.authorizationRequestPayload, jar: made.jar.authorizationRequestJwt, key, format })
  return { id, link: made.authorizationRequest }
}

// answer verifies what a wallet sends: decryption, signature of the issuer, chain, and that the holder proves the key for this request.
async function answer(id, body) {
  const request = requests.get(id)
  const { payload: asked, key, format } = request
  const parsed = await verifier.parseOpenid4vpAuthorizationResponse({ authorizationRequestPayload: asked,
    authorizationResponse: Object.fromEntries(new URLSearchParams(body)),
    callbacks: { ...callbacks, decryptJwe: jwe => callbacks.decryptJwe(jwe, { jwk: key }) } })
  const [presentation] = parsed.dcql.presentations.member
  request.outcome = format === 'sdjwt' ? await lookSDJWT(presentation, asked) : await lookMdoc(presentation, asked, key)
  return {}
}

async function lookSDJWT(presentation, asked) {
  const { payload, kb } = await sdjwt(null, [keys.issuers]).verify(presentation, { keyBindingNonce: asked.nonce })
  if (kb.payload.aud !== asked.client_id) throw new Error(`aud ${kb.payload.aud}`)
  return payload
}

async function lookMdoc(presentation, asked, key) {
  const response = DeviceResponse.fromEncodedForOid4Vp(presentation)
  const sessionTranscript = await SessionTranscript.forOid4Vp({ clientId: asked.client_id, nonce: asked.nonce, responseUri: asked.response_uri,
    jwkThumbprint: jose.base64url.decode(await jose.calculateJwkThumbprint(key)) }, mdoc)
  await response.verify({ sessionTranscript, trustedCertificates: [der(keys.issuers)] }, mdoc)
  return response.documents[0].issuerSigned.getPrettyClaims(docType)
}

const outcome = ({ id }) => requests.get(id).outcome ?? null

const json = 'application/json'
const routes = {
  'GET /.well-known/openid-credential-issuer': () => [json, described()],
  'GET /.well-known/oauth-authorization-server': () => [json, serverMetadata()],
  'GET /jwks': () => [json, { keys: [{ ...keys.token.key, alg: 'ES256' }] }],
  'POST /nonce': () => { const nonce = random(); nonces.add(nonce); return [json, issuer.createNonceResponse({ cNonce: nonce })] },
  'POST /token': async (request, body) => [json, await token(request, body)],
  'POST /credential': async (request, body) => [json, await credential(request, body)],
  'GET /requests': (_, __, id) => ['application/oauth-authz-req+jwt', requests.get(id).jar],
  'POST /responses': async (_, body, id) => [json, await answer(id, body)],
}

async function serve(req, res) {
  let body = ''
  for await (const part of req) body += part
  const [, one, two] = req.url.split('/')
  const id = two && !req.url.startsWith('/.well-known') ? two : undefined
  const route = routes[`${req.method} ${id ? '/' + one : req.url}`]
  try {
    const [type, says] = await route({ headers: new Headers(req.headers), method: req.method, url: url + req.url }, body, id)
    res.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(typeof says === 'string' ? says : JSON.stringify(says))
  } catch (e) {
    const says = e.errorResponse ?? { error: 'invalid_request', error_description: `${e.message}` }
    res.writeHead(400, { 'Content-Type': json, 'Cache-Control': 'no-store' }).end(JSON.stringify(says))
  }
}

// start gets certificates and opens the doors.
async function start() {
  const server = createServer(serve)
  await new Promise(ready => server.listen(0, '127.0.0.1', ready))
  server.unref()
  url = `http://127.0.0.1:${server.address().port}`
  keys.token = { key: await newKey() }
  for (const use of ['sdjwt', 'mdoc', 'access']) {
    const key = await newKey()
    const { x5c, root } = await need({ certificate: { key, use, url } })
    keys[use] = { key, x5c }
    if (use !== 'access') keys.issuers = root
  }
  return { url }
}

await obey({ start, offer, ask, outcome })
