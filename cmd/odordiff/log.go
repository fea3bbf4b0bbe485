package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
	"go.uber.org/zap/zapcore"
)

func init() {
	register("log", "level ...",
		"Changes what a running gateway logs",
		`The gateway's admin API takes the change. The next reload undoes it.`,
		func(cmd *cobra.Command) { group(cmd, logLevelCommand()) })
}

func logLevelCommand() *cobra.Command {
	var source configSource
	var address, log string
	cmd := &cobra.Command{
		Use:   "level <DEBUG|INFO|WARN|ERROR> [--log default] [--address <admin API>]",
		Short: "Changes the level that a log of a running gateway begins at",
		Long: `Changes the level that a log of a running gateway begins at. It is a reload: requests
in flight have the grace_period of the configuration to end. The level holds until
the next reload, which takes that of the file again.

--log names the log: "default", "refusals" and "auto_https" are those of the shipped
Caddyfile, and the access logs of its sites are "log0", "log1" and so on. The
backend of odordiff infer has signals for it: SIGUSR1 shows more, SIGUSR2 less.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			level, err := zapcore.ParseLevel(args[0])
			if err != nil || level > zapcore.ErrorLevel {
				return fmt.Errorf("%q: give DEBUG, INFO, WARN or ERROR", args[0])
			}
			if address == "" {
				// without a file, the usual address
				onDisk, _ := source.read()
				address = adminOf(onDisk)
			}
			if err := setLevel(address, log, level.CapitalString()); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "the log %q begins at %s\n", log, level.CapitalString())
			return nil
		},
	}
	source.flags(cmd)
	cmd.Flags().StringVar(&log, "log", "default", "name of the log")
	cmd.Flags().StringVar(&address, "address", "", "address of the admin API (default: that of the configuration's file)")
	return cmd
}

// setLevel changes the level of a log that the running configuration has.
func setLevel(address, log, level string) error {
	path := "/config/logging/logs/" + url.PathEscape(log)
	answer, err := caddycmd.AdminAPIRequest(address, http.MethodGet, path, nil, nil)
	if err != nil {
		return fmt.Errorf("asking the gateway at %s for its log: %w", address, err)
	}
	known, err := io.ReadAll(io.LimitReader(answer.Body, 5))
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return fmt.Errorf("asking the gateway at %s for its log: %w", address, err)
	}
	if strings.TrimSpace(string(known)) == "null" {
		return fmt.Errorf("--log: the running configuration has no %q", log)
	}
	header := http.Header{"Content-Type": {"application/json"}}
	answer, err = caddycmd.AdminAPIRequest(address, http.MethodPost, path+"/level", header, strings.NewReader(`"`+level+`"`))
	if err != nil {
		return fmt.Errorf("changing the level at %s: %w", address, err)
	}
	return answer.Body.Close()
}
