package presentation

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"lommebok.example/internal/measure"
	"lommebok.example/specs/openid4vp"
)

// What is done with an answer between the request's row and the verdict's: decryption, judgement, and the verdict sealed. The
// chain and the status come from memory. Nobody can do without one agreement, for the decryption, and the signatures of
// issuer and holder.
func BenchmarkRatioVerdict(b *testing.B) {
	w := newBench(b)
	floor, err := measure.NewP256()
	if err != nil {
		b.Fatal(err)
	}
	for _, k := range w.Kinds {
		if k.Name != "good-answer-sdjwt" && k.Name != "good-answer-mdoc" {
			continue
		}
		b.Run(k.Name, func(b *testing.B) {
			jwe := strings.TrimSuffix(string(readCorpus(b, k.File)), "\n")
			expect := binding{audience: w.ClientID, nonce: w.Nonce, transcript: w.transcript(b), at: w.at}
			measure.Ratio(b, "verdict/"+strings.TrimPrefix(k.Name, "good-answer-"), 100, 1.33, func() {
				plaintext, _, err := w.decrypt(w.request, jwe)
				if err != nil {
					b.Fatal(err)
				}
				response, err := openid4vp.ParseResponse(plaintext)
				if err != nil {
					b.Fatal(err)
				}
				v := w.judgeAnswer(context.Background(), w.query, w.State, response, expect)
				text, err := json.Marshal(v)
				if err != nil || !v.Accepted {
					b.Fatal(err, v.Failed())
				}
				w.Seal.Seal(text, "verdict", "id")
			}, func() { floor.Work(0, 2, 1, 8) })
		})
	}
}
