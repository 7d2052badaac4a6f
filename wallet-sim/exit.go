package main

import (
	"errors"
	"fmt"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/dcql"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
	"lommebok.example/wallet-sim/browser"
	checks "lommebok.example/wallet-sim/check"
	"lommebok.example/wallet-sim/phone"
	"lommebok.example/wallet-sim/wallet"
)

// The exit codes, which are stable.
const (
	exitDone          = 0
	exitFailed        = 1
	exitUsage         = 2
	exitRefused       = 3
	exitWalletRefused = 4
)

// outcomes name them in JSON, where the other side gave no code of its own.
var outcomes = map[int]string{exitFailed: "failed", exitUsage: "usage", exitRefused: "refused", exitWalletRefused: "wallet_refused"}

const exitCodes = `Exit codes:
  0  done
  1  it could not be done: a file, the network, an error of ours
  2  wrong usage: what was written is not what the command takes
  3  the other side refused
  4  the wallet refused: what came is not trusted, not whole, or not asked for`

// errUsage marks what the caller should have written otherwise.
var errUsage = errors.New("usage")

func usage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
}

// errRefused marks a refusal of this wallet that no package has a sentinel for.
var errRefused = errors.New("the wallet refuses")

// misused are errors that another argument would not have had. They count before refusing: an argument may hold another's words.
var misused = []error{errUsage, wallet.ErrInput, wallet.ErrChoice, wallet.ErrNotFound, wallet.ErrTxCode, openid4vci.ErrOffer, openid4vci.ErrLink, openid4vp.ErrLink, phone.ErrNoDevice, checks.ErrChosen}

// refusing are the errors by which the wallet says no to what came.
var refusing = []error{
	errRefused, wallet.ErrPassphrase, wallet.ErrConfiguration, wallet.ErrIdentity, wallet.ErrUnsupported, wallet.ErrState, wallet.ErrNonce, wallet.ErrCredential,
	wallet.ErrNoMatch, wallet.ErrAnswer, openid4vci.ErrIssuer, openid4vci.ErrMetadata, openid4vci.ErrMismatch, openid4vci.ErrResponse,
	openid4vci.ErrSignedMetadata, openid4vci.ErrUntrusted, openid4vp.ErrRequestObject, dcql.ErrMalformed, x5c.ErrUntrusted, x5c.ErrExpired, x5c.ErrNotYetValid, x5c.ErrProfile, x5c.ErrChain,
	fetch.ErrAddress, fetch.ErrRedirect, fetch.ErrTooLarge, fetch.ErrContentType,
}

// exitCode tells in a number how it ended. What the other side said comes first: it stands in what the wallet made of it.
func (c *cli) exitCode(err error) int {
	is := func(all []error) bool {
		for _, one := range all {
			if errors.Is(err, one) {
				return true
			}
		}
		return false
	}
	var said *wallet.Refusal
	var answered *oauth2.Error
	var request *openid4vp.Error
	switch {
	case err == nil:
		return exitDone
	case !c.running || is(misused):
		return exitUsage
	case errors.As(err, &said), errors.As(err, &answered), errors.Is(err, browser.ErrPage), errors.Is(err, phone.ErrNoAttempt), errors.Is(err, errNotRefused), errors.Is(err, errNotHeld), errors.Is(err, errLoad):
		return exitRefused
	case is(refusing), errors.As(err, &request):
		return exitWalletRefused
	}
	return exitFailed
}
