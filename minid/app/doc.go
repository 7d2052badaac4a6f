// Package app is the wire of the MinID app, both ends: Server for the service that signs people in, Client for the
// phone. What a pairing and an approval mean stands in minid; here they are only read, checked and passed on.
//
// Each message is JSON with one member, a JWS in compact serialization (RFC 7515), ES256 with the device's P-256
// key. aud is the service's base address; iat and exp lie at most a minute apart. A registration carries the key in
// the header member jwk, the others its RFC 7638 thumbprint in kid.
//
//	POST /minid/app/devices       {"registration"}  typ minid-app-registration+jwt  pairing_code
//	                              201 {"device_id"}
//	POST /minid/app/attempts      {"request"}       typ minid-app-request+jwt
//	                              200 {"attempts":[{"id","service","created_at","expires_at"}]}
//	POST /minid/app/attempts/:id  {"answer"}        typ minid-app-answer+jwt        attempt, service, number, action
//	                              200 {"state"}
//
//	POST /minid/app/pairing       {"registration"}  the same message: whose is the code? The first device that asks keeps it
//	                              200 {"person"}    masked identity number
//	POST /minid/app/events        {"request"}       server-sent events: the attempts that wait, now and at each change
//	                              200 event: attempts, data: as above
//	GET  /minid/app/push          200 {"application_server_key"}, where notices are pushed (RFC 8292)
//	POST /minid/app/push          {"subscription"}  typ minid-app-push+jwt          endpoint, p256dh, auth; none ends it
//	                              200 {"subscribed"}
//
// action is approve, reject, or not_me: rejected since somebody else logs in. An attempt is sent when it was written to a
// stream, fetched, or taken by a push service. A device has two streams at most, each for a quarter of an hour with a
// comment every 15 s; then it asks anew, with a fresh message. Streams end when the device is paired no more.
//
// The number is shown in the browser alone and typed in the app: it is never sent to the phone. Errors are
// {"error","error_description"}:
//
//	400 invalid_request       not a message of this kind, or its signature or time does not hold
//	400 invalid_pairing_code  unknown, used or expired
//	400 invalid_push          not a subscription; 404 where no notices are pushed
//	503 too_many_streams      or the service stops: try again
//	401 unknown_device        no person is paired with the key
//	403 wrong_number          another number or service than the attempt's; the attempt is dead
//	404 unknown_attempt       unknown, answered, expired, or another person's
//	429 too_many_from_address too many failures from the network address; Retry-After tells when to come back
package app
