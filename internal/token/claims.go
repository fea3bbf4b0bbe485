package token

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/internal/keyring"
)

// Claims are what a token says (RFC 7519, section 4; scopes by RFC 8693).
type Claims struct {
	// Subject is whom the token is about; never empty in a verified token.
	Subject string
	// Tenant groups subjects; may be empty.
	Tenant string
	// Scopes are what the token permits, from scope (a string) or scp (an array or
	// a string).
	Scopes []string
	// Issuer is who made the token.
	Issuer string
	// Audience is whom it was made for.
	Audience []string
	// ID is the token's own id; may be empty.
	ID string
	// Expiry is when it ends; never zero in a verified one.
	Expiry time.Time
	// NotBefore is when it begins; zero means at once.
	NotBefore time.Time
	// IssuedAt is when it was made; may be zero.
	IssuedAt time.Time
	// ByKeyring says that the key is from the keyring, so that the gateway's
	// own operator vouches for the token, not an external issuer.
	ByKeyring bool
	// All holds all claims as parsed JSON, with numbers as [json.Number]. It
	// must not be changed.
	All map[string]any
}

// maxDate is the last second of the year 9999. A later date is a mistake. Up to
// it, arithmetic on times cannot overflow.
const maxDate = 253402300799

// parseClaims reads a payload whose signature was verified. A name that occurs
// twice is refused, because two readers might not agree on its value.
func parseClaims(payload []byte, tenantClaim string) (Claims, error) {
	all, err := parseObject(payload)
	if err != nil {
		return Claims{}, err
	}
	r := reader{all: all}
	c := Claims{
		Subject:   r.name("sub"),
		Tenant:    r.name(tenantClaim),
		Issuer:    r.text("iss"),
		Audience:  r.texts("aud"),
		ID:        r.text("jti"),
		Scopes:    r.scopes(),
		Expiry:    r.date("exp"),
		NotBefore: r.date("nbf"),
		IssuedAt:  r.date("iat"),
		All:       all,
	}
	if c.Expiry.IsZero() {
		r.fail("exp", "is missing")
	}
	if c.Subject == "" {
		r.fail("sub", "is missing")
	}
	return c, r.err
}

// parseObject parses strictly. Numbers keep their digits, so that two large
// account numbers never become the same. [strictjson.Parse] would be too
// strict: names of claims that differ in case are different claims (RFC 7519,
// section 4), and an issuer's odd number is no reason to refuse its token.
func parseObject(payload []byte) (all map[string]any, err error) {
	if !jsontext.Value(payload).IsValid() {
		return nil, fmt.Errorf("%w: its claims are not strict JSON", ErrMalformed)
	}
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	if err := decoder.Decode(&all); err != nil || all == nil {
		return nil, fmt.Errorf("%w: its claims are not a JSON object", ErrMalformed)
	}
	return all, nil
}

// reader reads typed claims and keeps the first error.
type reader struct {
	all map[string]any
	err error
}

func (r *reader) fail(claim, what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s %s", ErrClaim, claim, what)
	}
}

func (r *reader) text(claim string) string {
	value, present := r.all[claim]
	s, ok := value.(string)
	if present && !ok {
		r.fail(claim, "is not a string")
	}
	return s
}

// name is a text that will travel in HTTP fields.
func (r *reader) name(claim string) string {
	s := r.text(claim)
	if !keyring.ValidName(s) {
		r.fail(claim, "is longer than 256 bytes, or has characters that are not printable, or space around it")
	}
	return s
}

// texts is a string or an array of strings.
func (r *reader) texts(claim string) []string {
	switch value := r.all[claim].(type) {
	case nil:
		return nil
	case string:
		return []string{value}
	case []any:
		texts := make([]string, 0, len(value))
		for _, element := range value {
			s, ok := element.(string)
			if !ok {
				r.fail(claim, "has an element that is not a string")
			}
			texts = append(texts, s)
		}
		return texts
	default:
		r.fail(claim, "is neither a string nor an array")
		return nil
	}
}

func (r *reader) scopes() []string {
	scopes := strings.Fields(r.text("scope"))
	for _, entry := range r.texts("scp") {
		scopes = append(scopes, strings.Fields(entry)...)
	}
	for _, scope := range scopes {
		if !keyring.ValidScope(scope) {
			r.fail("scope", "has a character that scopes may not have")
		}
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// date is a NumericDate (RFC 7519, section 2); zero where it is absent.
func (r *reader) date(claim string) time.Time {
	value, present := r.all[claim]
	if !present {
		return time.Time{}
	}
	number, _ := value.(json.Number)
	seconds, err := number.Float64()
	if err != nil || seconds < 0 || seconds > maxDate {
		r.fail(claim, "is not a number of seconds since 1970")
		return time.Time{}
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*float64(time.Second)))
}
