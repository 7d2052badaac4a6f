package mdoc

import (
	"crypto"
	"fmt"
	"slices"

	"lommebok.example/specs/cose"
)

// Present makes a DeviceResponse with one document that shows exactly the elements asked
// for, namespace → identifiers, and is signed with the device key for this session
// transcript. Items and issuerAuth are passed on byte for byte, in the order issued; with
// nothing asked for nothing but issuerAuth is shown.
//
// It refuses an element that the document has not (ErrElement), another document type
// (ErrDocType), and a key that the document is not bound to (ErrKey).
func Present(issuerSigned []byte, docType string, elements map[string][]string, deviceKey crypto.Signer, sessionTranscript []byte) ([]byte, error) {
	i, err := ParseIssuerSigned(issuerSigned)
	if err != nil {
		return nil, err
	}
	if i.DocType() != docType {
		return nil, fmt.Errorf("%w: want %q, got %q", ErrDocType, docType, i.DocType())
	}
	bound, err := i.DeviceKey()
	if err != nil {
		return nil, err
	}
	if deviceKey == nil || !bound.Equal(deviceKey.Public()) {
		return nil, fmt.Errorf("%w: the document is bound to another device key", ErrKey)
	}
	shown, err := i.choose(elements)
	if err != nil {
		return nil, err
	}
	signature, err := signDevice(deviceKey, docType, sessionTranscript)
	if err != nil {
		return nil, err
	}
	b := cose.AppendText(cose.AppendText(cose.AppendMap(nil, 3), "version"), version1)
	b = cose.AppendMap(cose.AppendArray(cose.AppendText(b, "documents"), 1), 3)
	b = cose.AppendText(cose.AppendText(b, "docType"), docType)
	b = appendShown(cose.AppendText(b, "issuerSigned"), shown, i.rawAuth)
	b = cose.AppendMap(cose.AppendText(b, "deviceSigned"), 2)
	b = cose.AppendEncoded(cose.AppendText(b, "nameSpaces"), deviceNameSpacesNone)
	b = cose.AppendText(cose.AppendMap(cose.AppendText(b, "deviceAuth"), 1), "deviceSignature")
	b = append(b, signature...)
	return cose.AppendUint(cose.AppendText(b, "status"), 0), nil
}

func signDevice(key crypto.Signer, docType string, sessionTranscript []byte) ([]byte, error) {
	message, err := deviceAuthenticationBytes(sessionTranscript, docType, deviceNameSpacesNone)
	if err != nil {
		return nil, err
	}
	signer, err := cose.NewSigner(key, cose.Header{}, cose.Header{})
	if err != nil {
		return nil, err
	}
	return signer.AppendSign1(nil, message, true)
}

// choose gives the namespaces with only the items asked for, each of which must be there.
func (i *IssuerSigned) choose(elements map[string][]string) ([]namespace, error) {
	type name struct{ namespace, identifier string }
	missing := make(map[name]struct{})
	for ns, identifiers := range elements {
		for _, identifier := range identifiers {
			missing[name{ns, identifier}] = struct{}{}
		}
	}
	var shown []namespace
	for _, ns := range i.nameSpaces {
		kept := namespace{name: ns.name}
		for _, it := range ns.items {
			if slices.Contains(elements[ns.name], it.element.Identifier) {
				kept.items = append(kept.items, it)
				delete(missing, name{ns.name, it.element.Identifier})
			}
		}
		if len(kept.items) > 0 {
			shown = append(shown, kept)
		}
	}
	for n := range missing {
		return nil, fmt.Errorf("%w: %s in %s", ErrElement, n.identifier, n.namespace)
	}
	return shown, nil
}

func appendShown(b []byte, shown []namespace, issuerAuth cose.RawMessage) []byte {
	if len(shown) == 0 {
		b = cose.AppendMap(b, 1)
	} else {
		b = cose.AppendMap(cose.AppendText(cose.AppendMap(b, 2), "nameSpaces"), len(shown))
		for _, ns := range shown {
			b = cose.AppendArray(cose.AppendText(b, ns.name), len(ns.items))
			for _, it := range ns.items {
				b = append(b, it.raw...)
			}
		}
	}
	return append(cose.AppendText(b, "issuerAuth"), issuerAuth...)
}
