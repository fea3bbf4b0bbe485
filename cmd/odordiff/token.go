package main

import (
	"cmp"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/internal/keyring"
	"github.com/odordiff/odordiff/internal/token"
)

func init() {
	register("token", "[--subject <name>] [--scope <scope>]... [--ttl <duration>] ...",
		"Prints a JSON Web Token made with a key of the keyring",
		`Prints a JSON Web Token for development, signed with an HS256 key of the keyring.
The defaults are what the shipped Caddyfile accepts.

	curl -H "Authorization: Bearer $(odordiff token)" ...`,
		setupToken)
}

func setupToken(cmd *cobra.Command) {
	o := new(tokenOptions)
	o.choice.addFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.subject, "subject", "", `who the token is about (default: the key's principal, or "dev")`)
	flags.StringVar(&o.tenant, "tenant", "", "the subject's tenant")
	flags.StringSliceVar(&o.scopes, "scope", []string{"generate"}, "what the token permits; repeat it for more")
	flags.DurationVar(&o.ttl, "ttl", time.Hour, "how long the token is good for, 1s or more")
	flags.StringVar(&o.issuer, "issuer", "odordiff", "the token's iss")
	flags.StringSliceVar(&o.audience, "audience", []string{"odordiff"}, "the token's aud; repeat it for more")
	cmd.Args = cobra.NoArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		minted, err := o.mint(time.Now())
		if err != nil {
			return err
		}
		fmt.Fprintln(cmd.OutOrStdout(), minted)
		return nil
	}
}

type tokenOptions struct {
	choice                  keyChoice
	subject, tenant, issuer string
	scopes, audience        []string
	ttl                     time.Duration
}

func (o *tokenOptions) mint(now time.Time) (string, error) {
	if o.ttl < time.Second { // what tokens count in
		return "", fmt.Errorf("--ttl: %v: the token would never be good: want 1s or more", o.ttl)
	}
	key, err := o.choice.key(keyring.HS256)
	if err != nil {
		return "", err
	}
	return token.Mint(key, token.Claims{
		Subject: cmp.Or(o.subject, key.Principal, "dev"), Tenant: o.tenant,
		Issuer: o.issuer, Audience: o.audience, Scopes: o.scopes,
		IssuedAt: now, Expiry: now.Add(o.ttl),
	})
}
