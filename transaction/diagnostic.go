package transaction

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"lommebok.example/specs/cose"
)

// diagnostic writes an IssuerSigned (ISO/IEC 18013-5 section 8.3.2.1.2.2) in the diagnostic notation of RFC 8949 section 8, with comments where a value
// is left out. What is kept: names, numbers of digests, algorithms, document type, times of validity.
func diagnostic(v any) string {
	var d diag
	d.write("", v)
	return d.b.String()
}

type diag struct {
	b     strings.Builder
	depth int
	held  bool // what the holder says: nothing of it is of the format
}

// inMdoc are the names whose values are of the format.
var inMdoc = []string{"docType", "version", "status", "digestAlgorithm", "elementIdentifier", "uri", "signed", "validFrom", "validUntil", "expectedUpdate", "digestID", "1", "-1"}

func (d *diag) write(name string, v any) {
	if name == "elementValue" {
		d.b.WriteString("/ " + sort(v) + ", hidden /")
		return
	}
	if name == "deviceSigned" { // ISO/IEC 18013-5 section 8.3.2.1.2.3
		d.held = true
		defer func() { d.held = false }()
	}
	switch v := v.(type) {
	case cose.Encoded:
		d.b.WriteString("24(<< ")
		d.content(v)
		d.b.WriteString(" >>)")
	case map[string]any:
		d.object(v)
	case []any:
		d.list(name, v)
	default:
		d.b.WriteString(leaf(name, v, !d.held))
	}
}

// leaf writes a value without parts.
func leaf(name string, v any, ofFormat bool) string {
	kept := ofFormat && slices.Contains(inMdoc, name)
	switch v := v.(type) {
	case []byte:
		return fmt.Sprintf("h'' / %d bytes left out /", len(v))
	case string:
		if kept {
			return strconv.Quote(shown(v))
		}
	case int64:
		if kept {
			return strconv.FormatInt(v, 10)
		}
	case cose.TDate:
		if kept {
			return "0(" + strconv.Quote(time.Time(v).UTC().Format(time.RFC3339)) + ")"
		}
	case nil:
		return "null"
	}
	return "/ " + sort(v) + ", hidden /"
}

func sort(v any) string {
	switch v.(type) {
	case []byte:
		return "byte string"
	case string:
		return "text"
	case bool:
		return "boolean"
	case cose.TDate, cose.FullDate:
		return "date"
	case []any:
		return "array"
	case map[string]any:
		return "map"
	case cose.Encoded, cose.Tag:
		return "tagged"
	case nil:
		return "null"
	}
	return "number"
}

func (d *diag) object(o map[string]any) {
	keys := slices.Sorted(maps.Keys(o))
	d.lines("{", "}", len(keys), func(i int) {
		if _, err := strconv.ParseInt(keys[i], 10, 64); err == nil {
			d.b.WriteString(keys[i] + ": ")
		} else {
			d.b.WriteString(strconv.Quote(spaceOf(keys[i])) + ": ")
		}
		d.write(keys[i], o[keys[i]])
	})
}

// spaceOf is a name of a namespace, which may have digits in it, or any other name.
func spaceOf(name string) string {
	if len(name) <= 64 && strings.Count(name, ".") >= 2 {
		return shown(name)
	}
	return nameOf(name)
}

func (d *diag) list(name string, list []any) {
	signed := len(list) == 4 && slices.Contains([]string{"issuerAuth", "deviceSignature", "deviceMac"}, name) // COSE_Sign1 and COSE_Mac0, RFC 9052 sections 4.2, 6.2
	d.lines("[", "]", len(list), func(i int) {
		raw, isBytes := list[i].([]byte)
		switch {
		case signed && isBytes && (i == 0 || i == 2):
			d.b.WriteString("<< ")
			d.content(raw)
			d.b.WriteString(" >>")
		case signed && i == 3:
			d.b.WriteString("h'' / signature left out /")
		default:
			d.write("", list[i])
		}
	})
}

// content writes CBOR in a byte string.
func (d *diag) content(raw []byte) {
	r := cose.NewReader(raw)
	v := r.Value()
	if r.Err() != nil {
		d.b.WriteString(leaf("", raw, false))
		return
	}
	d.write("", v)
}

func (d *diag) lines(open, end string, n int, each func(i int)) {
	d.b.WriteString(open)
	d.depth++
	for i := range n {
		d.b.WriteString("\n" + strings.Repeat("  ", d.depth))
		each(i)
		if i < n-1 {
			d.b.WriteByte(',')
		}
	}
	d.depth--
	if n > 0 {
		d.b.WriteString("\n" + strings.Repeat("  ", d.depth))
	}
	d.b.WriteString(end)
}
