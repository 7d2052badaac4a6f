// Package webpush makes and reads what goes to a browser or an app by Web Push: the body (RFC 8291, one record of
// aes128gcm, RFC 8188) and the header in which the sender says who it is (VAPID, RFC 8292).
//
//	keys.go     Receiver, Subscription's keys, the derivation        RFC 8291 sections 3.1 to 3.4
//	encrypt.go  Encrypt, Decrypt                                     RFC 8291 section 4, RFC 8188 section 2
//	vapid.go    Authorization, VerifyAuthorization                   RFC 8292 sections 2, 3 and 4.2
//
// A body is salt (16) | record size (4) | key length (1) | sender's public key (65) | ciphertext, and the record is the
// text with the delimiter 2 after it. Only what fits into one record of 4096 bytes is made or read (RFC 8291 section 4).
package webpush
