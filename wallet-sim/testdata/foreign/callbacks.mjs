// What the packages leave to their user: keys, signatures, hashes and certificates, by node:crypto and jose.
import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify, X509Certificate } from 'node:crypto'
import * as jose from 'jose'
import { CoseKey } from '@owf/mdoc'
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc'

const keys = new Map() // private keys as JWK, by the x of the public one

// newKey makes a key pair on P-256 and gives the public JWK.
export async function newKey() {
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true })
  const pub = await jose.exportJWK(publicKey)
  keys.set(pub.x, await jose.exportJWK(privateKey))
  return pub
}

export const privateJWK = pub => keys.get(pub.x)
export const signerOf = pub => ({ method: 'jwk', alg: 'ES256', publicJwk: pub })
export const der = text => new Uint8Array(Buffer.from(text, 'base64'))

export async function signJwt(signer, { header, payload }) {
  const pub = signer.publicJwk ?? await jose.exportJWK(new X509Certificate(der(signer.x5c[0])).publicKey)
  const key = await jose.importJWK(privateJWK(pub), 'ES256')
  const jwt = await new jose.SignJWT(payload).setProtectedHeader({ ...header, alg: 'ES256' }).sign(key)
  return { jwt, signerJwk: pub }
}

export async function verifyJwt(signer, { compact }) {
  const key = signer.x5c ? new X509Certificate(der(signer.x5c[0])).publicKey : await jose.importJWK(signer.publicJwk, signer.alg)
  const signerJwk = await jose.exportJWK(key)
  try {
    await jose.compactVerify(compact, key)
    return { verified: true, signerJwk }
  } catch {
    return { verified: false, signerJwk }
  }
}

export async function encryptJwe(to, data) {
  const encrypting = new jose.CompactEncrypt(Buffer.from(data))
    .setProtectedHeader({ alg: to.alg, enc: to.enc, kid: to.publicJwk.kid })
  if (to.apu) encrypting.setKeyManagementParameters({ apu: jose.base64url.decode(to.apu), apv: jose.base64url.decode(to.apv) })
  return { jwe: await encrypting.encrypt(await jose.importJWK(to.publicJwk, to.alg)), encryptionJwk: to.publicJwk }
}

export async function decryptJwe(jwe, options) {
  const pub = options?.jwk
  const { plaintext } = await jose.compactDecrypt(jwe, await jose.importJWK(privateJWK(pub), 'ECDH-ES'))
  return { decrypted: true, decryptionJwk: pub, payload: Buffer.from(plaintext).toString() }
}

export const hash = (data, alg) => new Uint8Array(createHash(alg.replace('-', '')).update(data).digest())
export const generateRandom = n => new Uint8Array(randomBytes(n))

export const callbacks = { hash, generateRandom, signJwt, verifyJwt, encryptJwe, decryptJwe, fetch,
  getX509CertificateMetadata: certificate => {
    const names = (new X509Certificate(der(certificate)).subjectAltName ?? '').split(', ')
    const of = kind => names.filter(n => n.startsWith(kind)).map(n => n.slice(kind.length))
    return { sanDnsNames: of('DNS:'), sanUriNames: of('URI:') }
  },
}

const p1363 = key => ({ key, dsaEncoding: 'ieee-p1363' })

// mdoc is what @owf/mdoc asks for.
export const mdoc = {
  crypto: { random: generateRandom, digest: ({ digestAlgorithm, bytes }) => hash(bytes, digestAlgorithm) },
  cose: {
    sign1: {
      sign: ({ toBeSigned, key }) => new Uint8Array(sign('sha256', toBeSigned, p1363(createPrivateKey({ key: key.jwk, format: 'jwk' })))),
      verify: ({ key, sign1 }) => verify('sha256', sign1.toBeSigned, p1363(createPublicKey({ key: key.jwk, format: 'jwk' })), sign1.signature),
    },
  },
  x509: {
    getIssuerNameField: ({ certificate, field }) => new X509Certificate(certificate).issuer.split('\n')
      .filter(line => line.startsWith(field + '=')).map(line => line.slice(field.length + 1)),
    getPublicKey: ({ certificate }) => CoseKey.fromJwk(new X509Certificate(certificate).publicKey.export({ format: 'jwk' })),
    verifyCertificateChain: ({ trustedCertificates, x5chain, now = new Date() }) => chainOf(x5chain, trustedCertificates, now),
    getCertificateData: ({ certificate }) => {
      const c = new X509Certificate(certificate)
      return { issuerName: c.issuer, subjectName: c.subject, serialNumber: c.serialNumber, thumbprint: c.fingerprint256,
        notBefore: new Date(c.validFrom), notAfter: new Date(c.validTo), pem: c.toString() }
    },
  },
}

// chainOf fails unless each certificate is signed by the next, and the last by one that is trusted.
export function chainOf(chain, trusted, now) {
  const list = chain.map(c => new X509Certificate(c))
  for (const [n, c] of list.entries()) {
    const by = n + 1 < list.length ? [list[n + 1]] : trusted.map(t => new X509Certificate(t))
    if (!by.some(issuer => c.checkIssued(issuer) && c.verify(issuer.publicKey))) throw new Error(`nobody vouches for ${c.subject}`)
    if (now < new Date(c.validFrom) || now > new Date(c.validTo)) throw new Error(`${c.subject} is not valid now`)
  }
}

// sdjwt signs and verifies SD-JWT VCs: it signs with a key, as issuer or as holder, and trusts these certificates.
export const sdjwt = (key, trusted) => new SDJwtVcInstance({
  hasher: (data, alg) => hash(typeof data === 'string' ? Buffer.from(data) : new Uint8Array(data), alg), hashAlg: 'sha-256',
  saltGenerator: n => jose.base64url.encode(generateRandom(n)), signAlg: 'ES256', kbSignAlg: 'ES256',
  signer: signing(key), kbSigner: signing(key),
  verifier: verifying(trusted), statusVerifier: verifying(trusted),
  kbVerifier: async (data, signature, { cnf }) => (await verifyJwt({ publicJwk: cnf.jwk, alg: 'ES256' }, { compact: `${data}.${signature}` })).verified,
})

const signing = key => data => jose.base64url.encode(mdoc.cose.sign1.sign({ toBeSigned: Buffer.from(data), key: CoseKey.fromJwk(privateJWK(key)) }))

const verifying = trusted => async (data, signature) => {
  const { x5c } = jose.decodeProtectedHeader(`${data}.${signature}`)
  chainOf(x5c.map(der), trusted.map(der), new Date())
  return (await verifyJwt({ x5c }, { compact: `${data}.${signature}` })).verified
}
