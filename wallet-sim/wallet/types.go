package wallet

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/dcql"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwtvc"
)

// errNoType: there is no type metadata to be had, which is no fault of the credential.
var errNoType = errors.New("wallet: no type metadata")

// addType gets the type metadata of an SD-JWT VC that binds itself to them by vct#integrity, once, when it is issued: from its
// vct when that is an address, else from the registry of its issuer, /types/. Who serves them does not matter, since the
// digest is signed. Without metadata the credential is kept as it is; metadata that do not hold, or that the credential does
// not keep, refuse it (draft-ietf-oauth-sd-jwt-vc sections 5.7 and 6).
func (w *Wallet) addType(ctx context.Context, c *Credential) error {
	if c.Format != openid4vci.FormatSDJWTVC {
		return nil
	}
	var integrity string
	for n, one := range c.Copies {
		r, err := readSDJWT(one.Credential)
		if err != nil {
			return err
		}
		if n == 0 {
			if integrity = r.sdjwt.TypeIntegrity(); integrity == "" {
				return nil
			}
			c.TypeMetadata, err = sdjwtvc.ResolveType(ctx, c.Type, integrity, w.typeFetch(c.Issuer))
			if errors.Is(err, errNoType) {
				return nil
			}
			if err != nil {
				return err
			}
		}
		if r.sdjwt.TypeIntegrity() != integrity {
			return fmt.Errorf("%w: copy %d names other type metadata than the first", sdjwtvc.ErrIntegrity, n+1)
		}
		if err := r.sdjwt.CheckType(c.TypeMetadata, true); err != nil {
			return err
		}
	}
	return nil
}

func (w *Wallet) typeFetch(issuer string) sdjwtvc.Fetch {
	return func(ctx context.Context, vct string) ([]byte, error) {
		address := issuer + "/types/" + url.PathEscape(vct)
		if strings.HasPrefix(vct, "https://") || w.InsecureAllowHTTP && strings.HasPrefix(vct, "http://") {
			address = vct
		}
		c := call{step: "type metadata (SD-JWT VC section 5.3)", method: http.MethodGet, url: address, accept: "application/json"}
		a, err := w.do(ctx, c, nil)
		if errors.Is(err, fetch.ErrTooLarge) {
			return nil, err
		}
		if err != nil || a.Status != http.StatusOK {
			return nil, errNoType
		}
		return a.Body, nil
	}
}

func (c *Credential) typeName(lang string) string {
	if c.TypeMetadata == nil {
		return ""
	}
	for _, l := range []string{lang, "nb", "en"} {
		for _, d := range c.TypeMetadata.Display {
			if d.Locale == l {
				return d.Name
			}
		}
	}
	return ""
}

// typePaths are the paths that the type metadata name for people and the credential holds.
func (c *Credential) typePaths(r *read) [][]any {
	if c.TypeMetadata == nil {
		return nil
	}
	var paths [][]any
	for _, claim := range c.TypeMetadata.Claims {
		if _, err := dcql.Resolve(claim.Path, r.claims); err == nil && len(claim.Display) > 0 {
			paths = append(paths, claim.Path)
		}
	}
	return paths
}

func (c *Credential) typeLabels(path []any) map[string]string {
	if c.TypeMetadata == nil {
		return nil
	}
	i := slices.IndexFunc(c.TypeMetadata.Claims, func(claim sdjwtvc.TypeClaim) bool { return slices.Equal(claim.Path, path) })
	if i < 0 || len(c.TypeMetadata.Claims[i].Display) == 0 {
		return nil
	}
	names := map[string]string{}
	for _, d := range c.TypeMetadata.Claims[i].Display {
		names[d.Locale] = d.Label
	}
	return names
}
