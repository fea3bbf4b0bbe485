package audit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
)

// ParseRecipient reads a recipient: age1… as age-keygen prints it, post-quantum
// ones too, or the line of an SSH public key.
func ParseRecipient(text string) (age.Recipient, error) {
	if strings.HasPrefix(text, "ssh-") {
		recipient, err := agessh.ParseRecipient(text)
		if err != nil {
			return nil, fmt.Errorf("reading an SSH public key: %w", err)
		}
		return recipient, nil
	}
	recipients, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil {
		return nil, errors.New("not a recipient: it is age1… as age-keygen prints it, or the line of an SSH public key")
	}
	if len(recipients) != 1 {
		return nil, errors.New("not one recipient but several")
	}
	return recipients[0], nil
}

// ReadIdentities reads a file with the private keys of recipients: of
// age-keygen, or an SSH private key without a passphrase.
func ReadIdentities(path string) ([]age.Identity, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the identity: %w", err)
	}
	if bytes.HasPrefix(content, []byte("-----BEGIN")) {
		identity, err := agessh.ParseIdentity(content)
		if err != nil {
			return nil, fmt.Errorf("reading the identity %s: %w", path, err)
		}
		return []age.Identity{identity}, nil
	}
	identities, err := age.ParseIdentities(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("reading the identity %s: %w", path, err)
	}
	return identities, nil
}
