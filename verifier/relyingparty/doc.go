// Package relyingparty holds who asks for presentations. How a presentation is asked for and checked is package
// presentation's.
//
// A file under services is a page of this verifier that asks: what it is called, why it asks, and the query. A file under
// parties, or in the folder of the operator, is a relying party that asks by the API:
//
//	id: school                                      # client_id at the token endpoint
//	name: {nb: Skolen, nn: Skulen, en: The school}
//	purposes:
//	  - {id: enrolment, text: {nb: …, nn: …, en: …}}
//	may_ask:                                        # a query that asks for more is refused before it is sent
//	  - format: dc+sd-jwt
//	    types: [no.sikt.elevbevis.1]
//	    claims: [[role], [school_name]]
//	presets:                                        # queries that the party names instead of writing them
//	  pupil: {credentials: [{id: pupil, format: dc+sd-jwt, meta: {vct_values: [no.sikt.elevbevis.1]}, claims: [{path: [role]}]}]}
//	redirects: ["https://school.example/back"]      # where the browser comes back to from a wallet on the same device
//	webhook: "https://school.example/webhook"       # optional
//	access: school                                  # optional: school.key.pem and school.pem beside this file
//	client: {method: private_key_jwt, jwks: {keys: […]}}   # or client_secret_basic with client_secret_sha256
//	kept: 10m                                       # results, from when it asked: 6m to 15m
package relyingparty
