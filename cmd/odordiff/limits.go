package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/user"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/caddymodule/gate"
)

func init() {
	register("limits", "list|get|set|reset ...",
		"Shows the limits of a running gateway, and changes them for a time",
		`Shows which limits there are, who is refused by them, and what a client has left;
gives a client, or all of them, another rate for a time; and forgets what a client has
used. The gateway's admin API does it. With Redis it holds on all gateways that share
it, within a second, and over restarts; else in this process, over reloads.

A client goes by the value of the limit's key, as {http.auth.user.id} has it, or by
the hash that "odordiff limits list" shows: gateways keep nothing else.`,
		func(cmd *cobra.Command) {
			group(cmd, limitsListCommand(), limitsGetCommand(), limitsSetCommand(), limitsResetCommand())
		})
}

// adminAPI says where a gateway has its admin API.
type adminAPI struct {
	source  configSource
	address string
}

func (a *adminAPI) flags(cmd *cobra.Command) {
	a.source.flags(cmd)
	cmd.Flags().StringVar(&a.address, "address", "", "address of the admin API (default: that of the configuration's file)")
}

// ask sends a request, unless it is nil, and reads the answer.
func (a *adminAPI) ask(path string, request, answer any) error {
	address := a.address
	if address == "" {
		onDisk, _ := a.source.read() // without a file, the usual address
		address = adminOf(onDisk)
	}
	method, body := http.MethodGet, io.Reader(nil)
	if request != nil {
		text, err := json.Marshal(request)
		if err != nil {
			return fmt.Errorf("asking the gateway: %w", err)
		}
		method, body = http.MethodPost, bytes.NewReader(text)
	}
	response, err := caddycmd.AdminAPIRequest(address, method, path, nil, body)
	if err != nil {
		return adminRefusal(address, err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return fmt.Errorf("reading the answer of the gateway at %s: %w", address, err)
	}
	return nil
}

// refused is how Caddy's client tells what an admin API has refused.
var refused = regexp.MustCompile(`(?s)HTTP (\d+): (.*)$`)

// adminRefusal returns what an error of Caddy's client means.
func adminRefusal(address string, err error) error {
	told := refused.FindStringSubmatch(err.Error())
	if told == nil {
		return fmt.Errorf("no gateway answers at %s: start one, or say with --address where its admin API is, or with --config which file it runs: %w", address, err)
	}
	var answer struct {
		Error string `json:"error"`
	}
	switch wrong := json.Unmarshal([]byte(told[2]), &answer); {
	case wrong == nil && answer.Error != "":
		return errors.New(answer.Error)
	case told[1] == "404":
		return fmt.Errorf("the gateway at %s cannot do this: is it an odordiff of this version?", address)
	}
	return fmt.Errorf("asking the gateway at %s: %w", address, err)
}

// limitArguments name a limit, and the window of one of its keys.
type limitArguments struct {
	Limit   string `json:"limit"`
	Window  string `json:"window,omitempty"`
	Key     string `json:"key,omitempty"`
	Tenant  string `json:"tenant,omitempty"`
	Issuer  string `json:"issuer,omitempty"`
	Address string `json:"address,omitempty"`
	Hash    string `json:"hash,omitempty"`
}

func (l *limitArguments) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&l.Tenant, "tenant", "", "the tenant of the principal, where it has one")
	flags.StringVar(&l.Issuer, "issuer", "", "the issuer of its tokens, or the provider that vouches for it (default: the keyring)")
	flags.StringVar(&l.Address, "client", "", "in place of the key: the address of a client, which counts where the key is empty")
	flags.StringVar(&l.Hash, "hash", "", "in place of the key: its hash, from the list")
	flags.StringVar(&l.Window, "window", "", "the limit's window, where several limits have the name")
}

// read reads the limit and the key.
func (l *limitArguments) read(arguments []string) {
	l.Limit = arguments[0]
	if len(arguments) > 1 {
		l.Key = arguments[1]
	}
}

func limitsListCommand() *cobra.Command {
	var api adminAPI
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [--json] [--address <admin API>]",
		Short: "Lists the limits, the overrides in force, and who was refused lately",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list gate.LimitList
			if err := api.ask("/gate/limits", nil, &list); err != nil {
				return err
			}
			if asJSON {
				return write(cmd.OutOrStdout(), "json", list)
			}
			return printLimits(cmd.OutOrStdout(), list, time.Now())
		},
	}
	api.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printLimits(out io.Writer, list gate.LimitList, now time.Time) error {
	if len(list.Limits) == 0 {
		fmt.Fprintln(out, "the configuration has no limits: gate_limit adds one")
	}
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "limit\trate\tkey\talgorithm\ton_error")
	for _, l := range list.Limits {
		mark := ""
		if l.Shadow {
			mark = " (shadow)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s%s\n", l.Name, l.Rate, l.Key, l.Algorithm, l.OnError, mark)
	}
	if len(list.Overrides) > 0 {
		fmt.Fprintln(table, "\noverride of\thash of the key\tallows\tuntil\treason")
	}
	for _, o := range list.Overrides {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", o.Limit+" in "+o.Window, cmp.Or(o.Hash, "every key"), o.Allows, ends(&o), because(&o))
	}
	if len(list.Refused) > 0 {
		fmt.Fprintln(table, "\nrefused by\thash of the key\ttimes\tlast\tcounted for")
	}
	for _, k := range list.Refused {
		times := fmt.Sprint(k.Refused)
		if k.AtLeast < k.Refused {
			times = fmt.Sprintf("%d to %d", k.AtLeast, k.Refused)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", k.Limit+" in "+k.Window, k.Hash, times,
			humanize.RelTime(k.Last, now, "ago", "ago"), now.Sub(k.Since).Round(time.Second))
	}
	return table.Flush()
}

// ends is when an override ends.
func ends(o *gate.ListedOverride) string { return o.Until.UTC().Format(time.RFC3339) }

// because is why an override was set, and by whom.
func because(o *gate.ListedOverride) string {
	if o.By == "" {
		return o.Reason
	}
	return strings.TrimSpace(o.Reason + " (" + o.By + ")")
}

func limitsGetCommand() *cobra.Command {
	var api adminAPI
	var limit limitArguments
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "get <limit> [<key>] [--tenant <tenant>] [--issuer <issuer>] [--client <address>] [--hash <hash>] [--json]",
		Short: "Shows what a client has used and has left",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			limit.read(args)
			var state gate.LimitState
			if err := api.ask("/gate/limits/get", limit, &state); err != nil {
				return err
			}
			if asJSON {
				return write(cmd.OutOrStdout(), "json", state)
			}
			return printState(cmd.OutOrStdout(), state)
		},
	}
	api.flags(cmd)
	limit.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printState(out io.Writer, s gate.LimitState) error {
	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(table, "limit\t%s\nhash of the key\t%s\n", s.Limit, s.Hash)
	fmt.Fprintf(table, "allows\t%d in %s\n", s.Rate, s.Window)
	if o := s.Override; o != nil {
		fmt.Fprintf(table, "override\t%s until %s %s\n", o.Allows, ends(o), because(o))
	}
	fmt.Fprintf(table, "used\t%d\nremaining\t%d\n", s.Used, s.Remaining)
	if s.ResetSeconds > 0 {
		reset := time.Duration(s.ResetSeconds * float64(time.Second))
		fmt.Fprintf(table, "more comes back\tin %s\n", max(reset.Round(time.Second), time.Second))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if s.Used == 0 {
		fmt.Fprintf(out, "Nothing is known of this key: it was not seen in the last %s, or never. A window starts empty.\n", s.Window)
	}
	if s.Degraded {
		fmt.Fprintln(out, "Redis is gone: the figures are of this gateway, and its share of the limit.")
	}
	return nil
}

// limitChange is the reason for a change, and who makes it.
type limitChange struct {
	Reason string `json:"reason,omitempty"`
	By     string `json:"by,omitempty"`
}

func (c *limitChange) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.Reason, "reason", "", "why, for the list, the log and the audit trail")
	cmd.Flags().StringVar(&c.By, "by", "", "who, for the same (default: the user at the terminal)")
}

// fill adds the default of who makes the change.
func (c *limitChange) fill() { c.By = cmp.Or(c.By, operator()) }

// operator is the name of the user at the terminal, also behind sudo.
func operator() string {
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name
	}
	me, err := user.Current()
	if err != nil {
		return ""
	}
	return me.Username
}

// limitSetting is a request for an override.
type limitSetting struct {
	limitArguments
	limitChange

	Rate      *int64 `json:"rate,omitempty"`
	Unlimited bool   `json:"unlimited,omitempty"`
	Blocked   bool   `json:"blocked,omitempty"`
	For       string `json:"for"`
}

func limitsSetCommand() *cobra.Command {
	var api adminAPI
	var setting limitSetting
	var rate int64
	var remove bool
	cmd := &cobra.Command{
		Use:   "set <limit> [<key>] --rate <number>|--unlimited|--blocked --for <duration> [--reason <text>], or set <limit> [<key>] --remove",
		Short: "Gives a client, or without a key all clients, another rate for a time",
		Long: `Gives a client, or without a key all clients of a limit, another rate for a time, of
30 days at most; that of a client goes before that of all. What was used before counts.
Unlimited requests are counted, and their answers say nothing of the limit. Blocked ones are
refused with 429 until the time is over. --remove ends it now.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			setting.read(args)
			setting.fill()
			if cmd.Flags().Changed("rate") {
				setting.Rate = &rate
			}
			if remove {
				return removeOverride(cmd, &api, &setting)
			}
			if setting.For == "" {
				return errors.New("--for: missing: an override ends by itself: say when, such as --for 2h")
			}
			var change gate.LimitChange
			if err := api.ask("/gate/limits/set", setting, &change); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s, %s: %s until %s", change.Limit, hashed(change.Hash), change.After.Allows, ends(change.After))
			if change.Before != nil {
				fmt.Fprintf(cmd.OutOrStdout(), "; before: %s until %s", change.Before.Allows, ends(change.Before))
			}
			fmt.Fprintln(cmd.OutOrStdout())
			return nil
		},
	}
	api.flags(cmd)
	setting.limitArguments.flags(cmd)
	setting.limitChange.flags(cmd)
	cmd.Flags().Int64Var(&rate, "rate", 0, "how many units any window may hold")
	cmd.Flags().BoolVar(&setting.Unlimited, "unlimited", false, "let every request pass")
	cmd.Flags().BoolVar(&setting.Blocked, "blocked", false, "refuse every request")
	cmd.Flags().StringVar(&setting.For, "for", "", "how long it holds, such as 2h or 7d; 30d at most")
	cmd.Flags().BoolVar(&remove, "remove", false, "end the override")
	return cmd
}

// hashed names a key by its hash, or all keys.
func hashed(hash string) string {
	if hash == "" {
		return "every key"
	}
	return "the key " + hash
}

// limitRemoval is a request to end an override, or to forget what was used.
type limitRemoval struct {
	limitArguments
	limitChange
}

func removeOverride(cmd *cobra.Command, api *adminAPI, setting *limitSetting) error {
	if setting.Rate != nil || setting.Unlimited || setting.Blocked || setting.For != "" {
		return errors.New("--remove: it ends an override, so leave out --rate, --unlimited, --blocked and --for")
	}
	var change gate.LimitChange
	if err := api.ask("/gate/limits/remove", limitRemoval{setting.limitArguments, setting.limitChange}, &change); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s, %s: no override any more; before: %s until %s\n",
		change.Limit, hashed(change.Hash), change.Before.Allows, ends(change.Before))
	return nil
}

func limitsResetCommand() *cobra.Command {
	var api adminAPI
	var removal limitRemoval
	cmd := &cobra.Command{
		Use:   "reset <limit> [<key>] [--tenant <tenant>] [--issuer <issuer>] [--client <address>] [--hash <hash>] [--reason <text>]",
		Short: "Forgets what a client has used",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			removal.read(args)
			removal.fill()
			var reset gate.LimitReset
			if err := api.ask("/gate/limits/reset", removal, &reset); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s, %s: forgot %d used\n", reset.Limit, hashed(reset.Hash), reset.Used)
			return nil
		},
	}
	api.flags(cmd)
	removal.limitArguments.flags(cmd)
	removal.limitChange.flags(cmd)
	return cmd
}
