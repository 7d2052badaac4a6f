package mdoc

import (
	"bytes"
	"fmt"

	"lommebok.example/specs/cose"
)

// DeviceResponse is the answer of a wallet, 8.3.2.1.2.2:
//
//	{"version": "1.0", ? "documents": [+ Document], ? "documentErrors": […], "status": uint}
type DeviceResponse struct {
	Documents []*Document
	Status    uint64 // 0 OK, 10 general error, 11 CBOR decoding error, 12 CBOR validation error
}

// Document is one document of a DeviceResponse:
//
//	{"docType": tstr, "issuerSigned": IssuerSigned,
//	 "deviceSigned": {"nameSpaces": #6.24(bstr), "deviceAuth": DeviceAuth}, ? "errors": {…}}
//
// Elements that the device itself signed are covered by device authentication but not
// offered: nothing here relies on what a device says of its holder.
type Document struct {
	DocType      string
	IssuerSigned *IssuerSigned

	deviceNameSpaces cose.Encoded
	signature        *cose.Sign1 // nil unless the device signed
	mac              *cose.Mac0  // nil unless the device made a MAC
}

// ParseDeviceResponse reads a DeviceResponse strictly. It keeps its own copy of b.
func ParseDeviceResponse(b []byte) (*DeviceResponse, error) {
	if len(b) > cose.MaxBytes {
		return nil, fmt.Errorf("DeviceResponse: %w", cose.ErrTooLarge)
	}
	d := new(DeviceResponse)
	r := cose.NewReader(bytes.Clone(b))
	var version string
	status := false
	for range r.Map() {
		switch r.Text() {
		case "version":
			version = r.Text()
		case "documents":
			d.parseDocuments(r)
		case "status":
			d.Status = r.Uint()
			status = true
		default:
			r.Skip()
		}
	}
	if r.Err() != nil {
		return nil, fmt.Errorf("DeviceResponse: %w", r.Err())
	}
	if version != version1 {
		return nil, fmt.Errorf("%w: DeviceResponse", ErrVersion)
	}
	if !status {
		return nil, fmt.Errorf("%w: DeviceResponse without status", ErrMalformed)
	}
	return d, nil
}

func (d *DeviceResponse) parseDocuments(r *cose.Reader) {
	n := r.Array()
	if r.Err() == nil && n == 0 {
		r.Fail(fmt.Errorf("%w: documents is empty", ErrMalformed))
	}
	for range n {
		item := r.Item()
		if r.Err() != nil {
			return
		}
		doc, err := parseDocument(item)
		if err != nil {
			r.Fail(err)
			return
		}
		d.Documents = append(d.Documents, doc)
	}
}

func parseDocument(r *cose.Reader) (*Document, error) {
	d := new(Document)
	var issuerSigned *cose.Reader
	for range r.Map() {
		switch r.Text() {
		case "docType":
			d.DocType = r.Text()
		case "issuerSigned":
			issuerSigned = r.Item()
		case "deviceSigned":
			d.parseDeviceSigned(r)
		default:
			r.Skip()
		}
	}
	if r.Err() != nil {
		return nil, fmt.Errorf("Document: %w", r.Err())
	}
	if d.DocType == "" || issuerSigned == nil || d.deviceNameSpaces == nil {
		return nil, fmt.Errorf("%w: Document without docType, issuerSigned or deviceSigned", ErrMalformed)
	}
	var err error
	d.IssuerSigned, err = parseIssuerSigned(issuerSigned)
	return d, err
}

func (d *Document) parseDeviceSigned(r *cose.Reader) {
	for range r.Map() {
		switch r.Text() {
		case "nameSpaces":
			d.deviceNameSpaces = r.Encoded()
		case "deviceAuth":
			d.parseDeviceAuth(r)
		default:
			r.Skip()
		}
	}
	if r.Err() != nil {
		return
	}
	if d.deviceNameSpaces == nil || (d.signature == nil && d.mac == nil) {
		r.Fail(fmt.Errorf("%w: deviceSigned without nameSpaces or deviceAuth", ErrMalformed))
		return
	}
	content := cose.NewReader(d.deviceNameSpaces)
	if content.Map(); content.Err() != nil {
		r.Fail(fmt.Errorf("device nameSpaces: %w", content.Err()))
	}
}

// parseDeviceAuth wants exactly one of deviceSignature and deviceMac, 9.1.3.3.
func (d *Document) parseDeviceAuth(r *cose.Reader) {
	if n := r.Map(); r.Err() == nil && n != 1 {
		r.Fail(fmt.Errorf("%w: deviceAuth with %d members, want deviceSignature or deviceMac", ErrMalformed, n))
	}
	name, raw := r.Text(), r.Raw()
	if r.Err() != nil {
		return
	}
	var err error
	switch name {
	case "deviceSignature":
		d.signature, err = cose.ParseSign1(raw)
	case "deviceMac":
		d.mac = new(cose.Mac0)
		err = d.mac.UnmarshalCBOR(raw)
	default:
		err = fmt.Errorf("%w: deviceAuth member %q", ErrMalformed, name)
	}
	if err != nil {
		r.Fail(fmt.Errorf("deviceAuth: %w", err))
	}
}

// VerifyDocType checks that the document is of the type that the issuer signed.
func (d *Document) VerifyDocType() error {
	if d.DocType != d.IssuerSigned.DocType() {
		return fmt.Errorf("%w: %q and %q", ErrDocType, d.DocType, d.IssuerSigned.DocType())
	}
	return nil
}
