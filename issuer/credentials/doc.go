// Package credentials knows the credential types. One YAML file of this folder is one credential configuration
// (OpenID4VCI 1.0 section 12.2.4): to add a type is to add a file, and nothing else. It does not know how a
// credential is made; that is package issuance.
//
//	key                 meaning
//	id                  credential configuration identifier
//	format              dc+sd-jwt or mso_mdoc
//	vct | doctype       the type, as the format calls it
//	scope               OAuth scope that asks for this configuration and no other
//	level               level of assurance the sign-in must have reached: low, substantial, high
//	max_auth_age        how long ago the sign-in may be when the credential is signed, e.g. 15m
//	validity            how long a credential lives, in whole days, e.g. 30d
//	batch               how many copies one request may get, 1 to 10
//	grants              authorization_code (default, and always there); with pre_authorized_code, who is signed in at the issuer's page
//	                    may hand the wallet a pre-authorized code. Not for level high, nor with key_attestation
//	tx_code             with pre_authorized_code: whether the wallet must bring a transaction code; true unless it is said
//	reissue_within      how long after the sign-in a wallet may have it issued again with a refresh token, in whole days; absent: not
//	                    at all. max_auth_age is then for the first issuance alone
//	status_bits         of the status list: 1 (default) knows valid and revoked; 2, 4 and 8 know suspended as well. An mdoc has 1
//	status              where the status stands: status_list (default), or for an mdoc identifier_list, which names what is revoked
//	key_attestation     key_storage and user_authentication: which levels of OpenID4VCI appendix D.2 the keys must be guarded by;
//	                    the wallet must then attest itself too, and is revoked with its wallet unit. Absent: a plain wallet will do
//	display             name and description in nb, nn and en; colours as #rrggbb
//	claims[].path       where the claim stands; mso_mdoc: name space and element
//	claims[].source     the fact it is made of (package source), or issuance.date or issuance.expiry
//	claims[].value      instead of source: the same for everybody
//	claims[].disclosure dc+sd-jwt: never, whole (default) or parts, where parts is the claim and each property or
//	                    element in it by itself
//	claims[].mandatory  no credential without it
//	claims[].label      the person's word for it in nb, nn and en
//
// Any other key is refused, as is a type that says half of what it must; the error names file, line and rule.
//
// Types that are not built in lie in the folder ISSUER_CREDENTIALS, in files *.yaml of the same form, and what they say of
// people can come from the file ISSUER_FACTS, where a fact x is called facts.x (source.NewFile). A library card:
//
//	id: no.eksempel.lanekort_sd_jwt_vc
//	format: dc+sd-jwt
//	vct: no.eksempel.lanekort.1
//	scope: no:eksempel:lanekort
//	level: substantial
//	max_auth_age: 15m
//	validity: 90d
//	batch: 3
//	display:
//	  name: {nb: Lånekort, nn: Lånekort, en: Library card}
//	  description: {nb: Viser at du kan låne bøker., nn: Viser at du kan låne bøker., en: Shows that you can borrow books.}
//	  background_color: "#e8f0d8"
//	  text_color: "#22330a"
//	claims:
//	  - path: [card_number]
//	    source: facts.card_number
//	    mandatory: true
//	    label: {nb: Kortnummer, nn: Kortnummer, en: Card number}
//
// and its facts, by identity number:
//
//	"14846599313": {card_number: "40017"}
//
// Each type of SD-JWT VC is described to wallets and verifiers by type metadata, which are made of its file; a credential
// names their digest in vct#integrity, so that a file that is changed changes what new credentials name.
package credentials
