package main

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/internal/keyring"
)

func init() {
	register("keyring", "init ...",
		"Makes the file of shared secrets",
		`The keyring holds the secrets behind HS256 tokens and HTTP signatures. A running
gateway follows the file: to rotate, add a key, let callers move over, take the
old one out.`,
		func(cmd *cobra.Command) { group(cmd, keyringInitCommand()) })
}

func keyringInitCommand() *cobra.Command {
	var (
		file      string
		ifMissing bool
	)
	cmd := &cobra.Command{
		Use:   "init [--file <file>] [--if-missing]",
		Short: "Makes a keyring with fresh keys for development",
		Long: `Makes a keyring with two fresh keys: "dev" for tokens, and "dev-signature" for
requests signed by the principal "dev". Only this user can read the file. A file
that exists is never replaced: that is an error, or with --if-missing as good as
made.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				file = keyringFile(stateDir())
			}
			created, err := keyring.Ensure(file)
			if err != nil {
				return err
			}
			if created {
				fmt.Fprintln(cmd.OutOrStdout(), file)
				return nil
			}
			if ifMissing {
				return nil
			}
			return fmt.Errorf("%s exists: edit it to change keys, or move it away", file)
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "the file to make (default: keyring.json in the state directory)")
	cmd.Flags().BoolVar(&ifMissing, "if-missing", false, "succeed where the file exists")
	return cmd
}

// keyChoice says which key of which keyring a command uses.
type keyChoice struct{ file, id string }

func (c *keyChoice) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.file, "keyring", "", "the keyring (default: keyring.json in the state directory)")
	cmd.Flags().StringVar(&c.id, "key", "", "id of the key (default: the first that is good)")
}

// key returns the chosen key, or the first that is good for the algorithm.
func (c *keyChoice) key(algorithm keyring.Algorithm) (keyring.Key, error) {
	file := c.file
	if file == "" {
		file = keyringFile(stateDir())
	}
	keys, err := keyring.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return keyring.Key{}, fmt.Errorf("%w: make one with `odordiff keyring init`", err)
	}
	if err != nil {
		return keyring.Key{}, err
	}
	defer func() { _ = keys.Close() }()
	if c.id == "" {
		key, ok := keys.First(algorithm, time.Now())
		if !ok {
			return keyring.Key{}, fmt.Errorf("%s has no %s key that is good now", file, algorithm)
		}
		return key, nil
	}
	key, ok := keys.Lookup(c.id)
	if !ok {
		return keyring.Key{}, fmt.Errorf("--key: %s has no key %q", file, c.id)
	}
	return key, nil
}
