package openid4vci

import "slices"

// ReuseARF is the id of the methods of EUDI ARF annex II, section "Attestation reuse".
const ReuseARF = "arf_annex_ii"

// The methods of ReuseARF, for ReuseOption.Details (ETSI TS 119 472-3 section 4.2.4.2).
const (
	ReuseOnceOnly    = "once_only"         // method A: a copy is shown once
	ReuseLimitedTime = "limited_time"      // method B: a copy is shown until it ends
	ReuseRotating    = "rotating-batch"    // method C: copies are shown in turn
	ReusePerParty    = "per-relying-party" // method D: a copy for each relying party
)

// ReusePolicy tells a wallet how often it may show a copy, and when to ask for more. A wallet takes the first option that it
// can do; one with method A or B is always among them (ARF ISSU_39, ISSU_40).
//
//	{"id": "arf_annex_ii", "options": [{"details": ["once_only"], "batch_size": 10, "reissue_trigger_unused": 3}]}
type ReusePolicy struct {
	ID      string        `json:"id"`
	Options []ReuseOption `json:"options"`
}

// ReuseOption is one way of reuse. Zero members are left out.
type ReuseOption struct {
	Details   []string `json:"details"`
	BatchSize int      `json:"batch_size,omitempty"`
	// ReissueTriggerUnused: ask for more when no more than so many copies are unused.
	ReissueTriggerUnused int `json:"reissue_trigger_unused,omitempty"`
	// ReissueTriggerLifetimeLeft: ask for more when a copy lives no longer than so many seconds.
	ReissueTriggerLifetimeLeft int64 `json:"reissue_trigger_lifetime_left,omitempty"`
}

func (p *ReusePolicy) check() error {
	if p == nil || p.ID != ReuseARF {
		return nil
	}
	always := false
	for _, o := range p.Options {
		if err := o.check(); err != nil {
			return err
		}
		always = always || o.has(ReuseOnceOnly, ReuseLimitedTime)
	}
	if !always {
		return fail(ErrMetadata, "credential_reuse_policy: expected an option with once_only or limited_time (ARF ISSU_39)")
	}
	return nil
}

func (o ReuseOption) check() error {
	switch {
	case !o.has(ReuseOnceOnly, ReuseLimitedTime, ReuseRotating, ReusePerParty):
		return fail(ErrMetadata, "credential_reuse_policy: details: expected a method of annex II (ARF ISSU_39)")
	case o.has(ReuseOnceOnly, ReuseRotating, ReusePerParty) && o.BatchSize < 2:
		return fail(ErrMetadata, "credential_reuse_policy: batch_size: expected 2 or more")
	case o.has(ReuseOnceOnly) && (o.ReissueTriggerUnused < 1 || o.ReissueTriggerUnused >= o.BatchSize):
		return fail(ErrMetadata, "credential_reuse_policy: reissue_trigger_unused: expected a number below batch_size")
	case o.has(ReuseLimitedTime, ReuseRotating, ReusePerParty) && o.ReissueTriggerLifetimeLeft < 1:
		return fail(ErrMetadata, "credential_reuse_policy: reissue_trigger_lifetime_left: expected seconds")
	}
	return nil
}

func (o ReuseOption) has(methods ...string) bool {
	return slices.ContainsFunc(o.Details, func(d string) bool { return slices.Contains(methods, d) })
}

func (m *IssuerMetadata) checkInfo() error {
	for _, info := range m.IssuerInfo {
		if info.Format == "" || len(info.Data) == 0 {
			return fail(ErrMetadata, "issuer_info: expected format and data")
		}
	}
	return nil
}
