package httpsig

import (
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/dunglas/httpsfv"

	"github.com/odordiff/odordiff/internal/keyring"
)

// label names our signatures.
const label = "sig1"

// Sign adds the fields of a signature to the message: Signature-Input,
// Signature and, where there is a body, Content-Digest. It covers the given
// components (none means [DefaultComponents]), and always the query and the
// body if there are any. Each call uses a new nonce.
func Sign(m Message, body []byte, key keyring.Key, components []string, created time.Time) error {
	if key.Algorithm != keyring.HMACSHA256 {
		return fmt.Errorf("key %q is for %s, not for signatures: use one of %s", key.ID, key.Algorithm, keyring.HMACSHA256)
	}
	components, err := toCover(m, body, components)
	if err != nil {
		return err
	}
	if slices.Contains(components, componentDigest) {
		digest, err := digestField(body)
		if err != nil {
			return fmt.Errorf("writing %s: %w", fieldDigest, err)
		}
		m.Header.Set(fieldDigest, digest)
	}
	list := listOf(components, key.ID, created)
	text, err := base(m, components, list)
	if err != nil {
		return err
	}
	return setFields(m, list, sum(key.Secret, text))
}

// toCover returns the components to cover for this message.
func toCover(m Message, body []byte, components []string) ([]string, error) {
	if len(components) == 0 {
		components = DefaultComponents()
	}
	for _, name := range components {
		if err := checkComponent(name); err != nil {
			return nil, err
		}
	}
	cover := slices.DeleteFunc(slices.Clone(components), func(name string) bool { return name == componentDigest })
	if m.hasQuery() && !covers(cover, "@query") {
		cover = append(cover, "@query")
	}
	if len(body) > 0 {
		cover = append(cover, componentDigest)
	}
	return cover, nil
}

func listOf(components []string, keyID string, created time.Time) httpsfv.InnerList {
	list := httpsfv.InnerList{Params: httpsfv.NewParams()}
	for _, name := range components {
		list.Items = append(list.Items, httpsfv.NewItem(name))
	}
	list.Params.Add("created", created.Unix())
	list.Params.Add("keyid", keyID)
	list.Params.Add("alg", string(keyring.HMACSHA256))
	list.Params.Add("nonce", rand.Text())
	return list
}

func setFields(m Message, list httpsfv.InnerList, signature []byte) error {
	for field, member := range map[string]httpsfv.Member{fieldInput: list, fieldSignature: httpsfv.NewItem(signature)} {
		dictionary := httpsfv.NewDictionary()
		dictionary.Add(label, member)
		value, err := httpsfv.Marshal(dictionary)
		if err != nil {
			return fmt.Errorf("writing %s: %w", field, err)
		}
		m.Header.Set(field, value)
	}
	return nil
}
