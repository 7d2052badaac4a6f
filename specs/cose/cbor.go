package cose

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// RawMessage is one encoded item, kept as it stands.
type RawMessage = cbor.RawMessage

// Tag is a tagged item without a Go type of its own.
type Tag = cbor.Tag

var encMode, decMode = modes()

// modes are fixed, so an error here is a mistake in this file.
func modes() (cbor.EncMode, cbor.DecMode) {
	eo := cbor.CoreDetEncOptions()
	eo.NaNConvert = cbor.NaNConvertReject
	eo.InfConvert = cbor.InfConvertReject
	enc, err := eo.EncMode()
	if err != nil {
		panic(err)
	}
	dec, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		MaxNestedLevels:   MaxDepth,
		MaxArrayElements:  MaxItems,
		MaxMapPairs:       MaxItems,
		UTF8:              cbor.UTF8RejectInvalid,
		TimeTag:           cbor.DecTagRequired,
		IntDec:            cbor.IntDecConvertSignedOrFail,
		BignumTag:         cbor.BignumTagForbidden,
		NaN:               cbor.NaNDecodeForbidden,
		Inf:               cbor.InfDecodeForbidden,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return enc, dec
}

// Marshal encodes v in the core deterministic form of RFC 8949 section 4.2.1: shortest
// integers and lengths, map keys in the order of their bytes. A nil slice becomes null.
// What [Check] would refuse is not produced. For times use [TDate] or [FullDate].
func Marshal(v any) ([]byte, error) {
	b, err := encMode.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrValue, err)
	}
	if err := Check(b); err != nil {
		return nil, err
	}
	return b, nil
}

// Unmarshal decodes exactly one item into v after [Check]. Struct fields match by exact
// name and unknown members are ignored; numbers decoded into an any are int64.
func Unmarshal(data []byte, v any) error {
	if err := Check(data); err != nil {
		return err
	}
	if err := decMode.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%w: %w", ErrType, err)
	}
	return nil
}
