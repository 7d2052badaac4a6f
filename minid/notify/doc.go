// Package notify takes minid's messages to people: by the gateway of somebody who sends SMS, mail and letters, or into an outbox
// that a developer reads. It owns how a message is worded and handed over; what is sent and when is minid's matter.
//
//	words.go     the words of a message, from the texts of package web
//	gateway.go   POST of JSON to a gateway
//	letter.go    activation letters: printed, handed to who posts them, or kept: GET /dev/outbox/letters
//	outbox.go    messages kept sealed, and their page: GET /dev/outbox, for development alone
package notify
