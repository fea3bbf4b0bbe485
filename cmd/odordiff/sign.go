package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/internal/httpsig"
	"github.com/odordiff/odordiff/internal/keyring"
)

func init() {
	register("sign", "[-X <method>] [--data <data>|@<file>] [--curl] [--cacert <file>] ... <url>",
		"Signs an HTTP request with a key of the keyring",
		`Prints the header fields that sign a request (RFC 9421, hmac-sha256), one a line as
curl reads them, or with --curl the whole command. A signature is good once and for
some minutes; it holds for these very bytes of the body, so use curl's --data-binary.

	odordiff sign -X POST --data @body.json https://localhost:8443/api/v1/generate |
	  curl -H @- --json @body.json https://localhost:8443/api/v1/generate`,
		setupSign)
}

func setupSign(cmd *cobra.Command) {
	o := &signOptions{stdin: cmd.InOrStdin}
	o.choice.addFlags(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&o.method, "request", "X", "", "the method (default: POST with --data, else GET)")
	flags.StringVarP(&o.data, "data", "d", "", "the body, or @file, or @- for the standard input")
	flags.StringArrayVarP(&o.fields, "header", "H", nil, `a field "Name: value" of the request, so that it can be covered; repeat it for more`)
	flags.StringSliceVar(&o.components, "components", httpsig.DefaultComponents(), "what to cover; a query and a body always are")
	flags.BoolVar(&o.curl, "curl", false, "print a whole curl command")
	flags.StringVar(&o.rootFile, "cacert", "", "with --curl: PEM file of the certificate authority (default: the state directory's, if there is one and the URL is of this machine)")
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.run(cmd.OutOrStdout(), args[0], time.Now())
	}
}

type signOptions struct {
	choice             keyChoice
	method, data       string
	fields, components []string
	curl               bool
	rootFile           string
	stdin              func() io.Reader
}

func (o *signOptions) run(out io.Writer, target string, now time.Time) error {
	if o.rootFile != "" && !o.curl {
		return errors.New("--cacert: only a curl command takes it: add --curl")
	}
	if o.curl && o.data == "@-" {
		return errors.New("--curl: the standard input can be read only once: name a file with --data")
	}
	message, err := o.message(target)
	if err != nil {
		return err
	}
	body, err := o.body()
	if err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	key, err := o.choice.key(keyring.HMACSHA256)
	if err != nil {
		return err
	}
	given := message.Header.Clone()
	if err := httpsig.Sign(message, body, key, o.components, now); err != nil {
		return err
	}
	if o.curl {
		_, err = fmt.Fprintln(out, o.command(message, target))
		return err
	}
	maps.DeleteFunc(message.Header, func(name string, _ []string) bool { return given[name] != nil })
	_, err = fmt.Fprintln(out, strings.Join(lines(message.Header), "\n"))
	return err
}

func (o *signOptions) message(target string) (httpsig.Message, error) {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return httpsig.Message{}, fmt.Errorf("%q is not a URL: want https://host/path", target)
	}
	m := httpsig.Message{Method: o.method, Scheme: u.Scheme, Authority: u.Host, Target: u.RequestURI(), Header: http.Header{}}
	if m.Method == "" {
		m.Method = http.MethodGet
		if o.data != "" {
			m.Method = http.MethodPost
		}
	}
	for _, field := range o.fields {
		name, value, ok := strings.Cut(field, ":")
		if !ok {
			return m, fmt.Errorf("--header: %q is not \"Name: value\"", field)
		}
		m.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return m, nil
}

func (o *signOptions) body() ([]byte, error) {
	file, isFile := strings.CutPrefix(o.data, "@")
	switch {
	case !isFile:
		return []byte(o.data), nil
	case file == "-":
		return io.ReadAll(o.stdin())
	default:
		return os.ReadFile(file)
	}
}

// command is what to paste into a shell.
func (o *signOptions) command(m httpsig.Message, target string) string {
	words := []string{"curl", "-X", m.Method}
	if root := o.root(target); root != "" {
		words = append(words, "--cacert", root)
	}
	if o.data != "" && m.Header.Get("Content-Type") == "" {
		// or curl says that it is a form
		m.Header.Set("Content-Type", "application/json")
	}
	for _, line := range lines(m.Header) {
		words = append(words, "-H", line)
	}
	if o.data != "" {
		words = append(words, "--data-binary", o.data)
	}
	words = append(words, target)
	for i, word := range words {
		words[i] = shellQuote(word)
	}
	return strings.Join(words, " ")
}

// root is the certificate authority that curl must trust, or "" where it trusts
// those of the system: another machine's gateway has a certificate of its own.
func (o *signOptions) root(target string) string {
	if o.rootFile != "" {
		return o.rootFile
	}
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "https" || !isLocal(u.Hostname()) {
		return ""
	}
	root := rootCertificate(stateDir())
	if _, err := os.Stat(root); err != nil {
		return ""
	}
	return root
}

func isLocal(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && addr.IsLoopback()
}

// lines are the fields in the form "Name: value", in the order of their names.
func lines(header http.Header) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			all = append(all, name+": "+value)
		}
	}
	return all
}
