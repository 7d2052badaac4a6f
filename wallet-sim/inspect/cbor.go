package inspect

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/statuslist"
)

func (f *Found) issuerSigned(b []byte, v map[string]any) {
	f.Kind, f.Section = "mdoc, IssuerSigned", "ISO/IEC 18013-5 section 8.3.2.1.2.2"
	i, err := mdoc.ParseIssuerSigned(b)
	f.problem(err)
	f.add("nameSpaces", tree(v["nameSpaces"]))
	f.add("issuerAuth", tree(v["issuerAuth"]))
	if err == nil {
		f.add("document type", i.DocType())
		f.add("valid", i.ValidFrom().UTC().Format(time.RFC3339)+" to "+i.ValidUntil().UTC().Format(time.RFC3339))
	}
}

func (f *Found) deviceResponse(b []byte, v map[string]any) {
	f.Kind, f.Section = "mdoc, DeviceResponse", "ISO/IEC 18013-5 section 8.3.2.1.2.2"
	_, err := mdoc.ParseDeviceResponse(b)
	f.problem(err)
	f.add("content", tree(v))
}

// cwt tells whether the content of a COSE_Sign1 is a list of statuses.
func (f *Found) cwt(content any) bool {
	signed, ok := sign1(content)
	if !ok {
		return false
	}
	protected, _ := signed["protected"].(map[string]any)
	payload, _ := signed["payload"].(map[string]any)
	switch protected["16"] {
	case statuslist.MediaTypeCWT:
		f.Kind, f.Section = "status list token, CWT", "Token Status List section 5.2"
		f.listOf(content)
	case statuslist.MediaTypeIdentifiers:
		f.Kind, f.Section = "identifier list, CWT", "ISO/IEC 18013-5, second edition, 12.3.6"
	default:
		f.Kind, f.Section = "COSE_Sign1", "RFC 9052 section 4.2"
	}
	f.add("protected", protected)
	f.add("payload", payload)
	times := map[string]string{}
	for label, name := range map[string]string{"4": "exp", "6": "iat"} {
		if n, ok := payload[label].(int64); ok {
			times[name] = time.Unix(n, 0).UTC().Format(time.RFC3339)
		}
	}
	f.add("times", times)
	f.add("signature", NotVerified)
	return true
}

// statusListLabel is the claim of a CWT that holds the list (Token Status List section 5.2).
const statusListLabel = "65533"

func (f *Found) listOf(content any) {
	raw, _ := content.([]any)[2].([]byte)
	claims, _ := value(raw).(map[string]any)
	list, _ := claims[statusListLabel].(map[string]any)
	bits, isNumber := list["bits"].(int64)
	lst, isBytes := list["lst"].([]byte)
	if !isNumber || !isBytes {
		f.problem(errors.New("expected status_list with bits and lst (Token Status List section 4.3)"))
		return
	}
	f.entries(bits, lst)
}

// value reads one item; nil for what is none.
func value(raw []byte) any {
	r := cose.NewReader(raw)
	v := r.Value()
	if r.Err() != nil {
		return nil
	}
	return v
}

const shownBytes = 64

// tree turns CBOR into what JSON can hold: what is encoded in byte strings is opened, a COSE_Sign1 is taken apart, other bytes are
// hexadecimal digits, as in the diagnostic notation.
func tree(v any) any {
	switch v := v.(type) {
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, one := range v {
			object[name] = tree(one)
		}
		if chain, ok := v["33"]; ok { // x5chain, RFC 9360 section 2
			object["33"] = chainOf(chain)
		}
		return object
	case []any:
		if signed, ok := sign1(v); ok {
			return signed
		}
		list := make([]any, len(v))
		for i, one := range v {
			list[i] = tree(one)
		}
		return list
	case []byte:
		if len(v) > shownBytes {
			return fmt.Sprintf("h'%s…' (%d bytes)", hex.EncodeToString(v[:16]), len(v))
		}
		return "h'" + hex.EncodeToString(v) + "'"
	case cose.Encoded:
		return tree(value(v))
	case cose.TDate:
		return time.Time(v).UTC().Format(time.RFC3339)
	case cose.FullDate:
		return string(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprint(v) // JSON has no such number
		}
	case cose.Tag:
		return map[string]any{"tag " + strconv.FormatUint(v.Number, 10): tree(v.Content)}
	}
	return v
}

// sign1 takes a COSE_Sign1 or COSE_Mac0 apart (RFC 9052 sections 4.2 and 6.2).
func sign1(v any) (map[string]any, bool) {
	list, ok := v.([]any)
	if !ok || len(list) != 4 {
		return nil, false
	}
	protected, isBytes := list[0].([]byte)
	unprotected, isMap := list[1].(map[string]any)
	signature, ends := list[3].([]byte)
	payload, attached := list[2].([]byte)
	if !isBytes || !isMap || !ends || !attached && list[2] != nil {
		return nil, false
	}
	out := map[string]any{
		"protected": tree(value(protected)), "unprotected": tree(unprotected), "payload": nil,
		"signature": fmt.Sprintf("%d bytes, %s", len(signature), NotVerified),
	}
	if inner := value(payload); attached && inner != nil {
		out["payload"] = tree(inner)
	} else if attached {
		out["payload"] = tree(payload)
	}
	return out, true
}

func chainOf(v any) any {
	switch v := v.(type) {
	case []byte:
		return certificateOf(v)
	case []any:
		list := make([]any, len(v))
		for i, one := range v {
			list[i] = chainOf(one)
		}
		return list
	}
	return tree(v)
}
