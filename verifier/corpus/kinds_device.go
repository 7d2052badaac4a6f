package corpus

import (
	"lommebok.example/specs/openid4vp"
)

const sDevice = "ISO/IEC 18013-5 section 9.1.3; OpenID4VP 1.0 appendix B.2.6.1"

// deviceKinds are broken in the proof of the device.
func deviceKinds(w *world) []Kind {
	thumbprint := func(key signer) []byte { sum := jwkThumbprint(key); return sum[:] }
	right := thumbprint(w.response)
	transcript := func(id, n string, thumb []byte, uri string) func(*mdoc) {
		return func(m *mdoc) { m.sees = must(openid4vp.SessionTranscript(id, n, thumb, uri)) }
	}
	device := func(name, what, code string, breaks func(*mdoc)) Kind {
		return w.brokenMdoc("device-"+name, what, sDevice, code, breaks, unfit)
	}
	signature := func(name, what string, breaks func(*mdoc)) Kind {
		return device(name, what, "device_signature", breaks)
	}
	key := func(name, what string, change map[int64]any) Kind {
		return device("key-"+name, what, "holder_key", func(m *mdoc) {
			x, y := w.coordinates(w.holder)
			k := map[int64]any{1: 2, -1: 1, -2: x, -3: y}
			for label, v := range change {
				k[label] = v
			}
			m.mso["deviceKeyInfo"] = object{"deviceKey": k}
		})
	}
	x, _ := w.coordinates(w.holder)
	return []Kind{
		signature("nonce", "the transcript has another nonce", transcript(clientID, "anothernonceanothernonce", right, responseURI)),
		signature("client-id", "the transcript has another client_id", transcript("x509_hash:AAAA", nonce, right, responseURI)),
		signature("client-id-without-prefix", "the transcript has the client_id without its prefix", transcript(clientID[len("x509_hash:"):], nonce, right, responseURI)),
		signature("response-uri", "the transcript has another response_uri", transcript(clientID, nonce, right, responseURI+"x")),
		signature("no-thumbprint", "the transcript has no encryption key", transcript(clientID, nonce, nil, responseURI)),
		signature("thumbprint", "the transcript has another encryption key", transcript(clientID, nonce, thumbprint(keyOf("somebody")), responseURI)),
		signature("digital-credentials-api", "the transcript is that of the Digital Credentials API", func(m *mdoc) {
			m.sees = must(openid4vp.SessionTranscriptDCAPI("https://verifier.example", nonce, right))
		}),
		signature("of-another-key", "another key signed", func(m *mdoc) { m.device.key = keyOf("somebody") }),
		signature("by-issuer", "the issuer signed", func(m *mdoc) { m.device.key = w.document.key }),
		signature("changed", "a byte of the signature was changed", func(m *mdoc) {
			m.device.seal = func(b []byte) []byte { s := w.holder.signRaw(b); s[40] ^= 1; return s }
		}),
		signature("zero", "r and s are zero", func(m *mdoc) { m.device.seal = func([]byte) []byte { return make([]byte, 64) } }),
		signature("names-changed", "what the device signs itself was changed", func(m *mdoc) {
			m.document = func(d object) {
				d["deviceSigned"].(object)["nameSpaces"] = rawEncoded(object{"org.example": object{"a": 1}})
			}
		}),
		signature("payload-inside", "the payload is not detached", func(m *mdoc) { m.device.detached, m.device.payload = false, []byte("x") }),
		w.brokenMdoc("doctype-changed", "the document says another type than the issuer signed", "ISO/IEC 18013-5 section 9.3.1", "document_type", func(m *mdoc) { m.docType = "org.iso.18013.5.1.mDL" }),
		device("alg-missing", "the signature has no alg", "device_algorithm", func(m *mdoc) { m.device.protected = map[int64]any{} }),
		device("alg-another", "alg is ES384 and the key is on P-256", "device_algorithm", func(m *mdoc) { m.device.protected[1] = -35 }),
		device("mac", "the device made a MAC with the key that answers are encrypted to", "device_mac", func(m *mdoc) { m.mac = w.response }),
		device("mac-of-another-reader", "the device made a MAC for another reader", "device_mac", func(m *mdoc) { m.mac = keyOf("somebody") }),
		device("both", "the device signed and made a MAC", "format_failed", func(m *mdoc) { m.mac, m.both = w.response, true }),
		device("neither", "the device proved nothing", "format_failed", func(m *mdoc) { m.noAuth = true }),
		key("off-curve", "the device key does not lie on its curve", map[int64]any{-3: x}),
		key("symmetric", "the device key is symmetric", map[int64]any{1: 4}),
		key("unknown-curve", "the device key is on a curve that is not known", map[int64]any{-1: 8}),
		key("private", "the device key has its private part", map[int64]any{-4: make([]byte, 32)}),
		key("short", "a coordinate of the device key is short", map[int64]any{-3: []byte{1}}),
	}
}
