package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"

	"github.com/odordiff/odordiff/internal/audit"
)

func auditDecryptCommand() *cobra.Command {
	var trail trailChoice
	cmd := &cobra.Command{
		Use:   "decrypt --identity <file> [--folder <folder>]",
		Short: "Prints all records, with the events opened",
		Long: `Prints all records of the trail as lines of JSON, those of the trail's own too. The
identity is the private key of a recipient; the gateway has none.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := trail.options(cmd)
			if err != nil {
				return err
			}
			options.Visit = func(r audit.Record) error { return printRecord(cmd.OutOrStdout(), r) }
			_, err = trail.read(cmd, options)
			return err
		},
	}
	trail.addFolder(cmd)
	trail.addIdentity(cmd)
	_ = cmd.MarkFlagRequired("identity")
	return cmd
}

// printRecord prints an event as a line of JSON, with the number of its record.
// One that is sealed is passed over: how many there are is said at the end. So
// is one that is no object, which no gateway writes.
func printRecord(w io.Writer, r audit.Record) error {
	if !bytes.HasPrefix(r.Event, []byte("{")) {
		return nil
	}
	_, err := fmt.Fprintf(w, "{\"seq\":%d,%s\n", r.Seq, r.Event[1:])
	return err
}

// choice chooses events by flags.
type choice struct {
	trailChoice

	filter                           audit.Filter
	since, until, principal, keyFile string

	strange int // events that cannot be read
}

func (c *choice) addFlags(cmd *cobra.Command) {
	c.addFolder(cmd)
	c.addIdentity(cmd)
	flags := cmd.Flags()
	flags.StringVar(&c.filter.Event, "event", "", "the name of events, or its first words, such as request or request.refused")
	flags.StringVar(&c.since, "since", "", "a time such as 2026-01-02T15:04:05Z, or how long ago, such as 24h")
	flags.StringVar(&c.until, "until", "", "a time, or how long ago")
	flags.StringVar(&c.filter.Request, "request", "", "the id of a request")
	flags.StringVar(&c.principal, "principal", "", "the principal; in a trail that hashes principals, this takes the trail's signing key")
	flags.StringVar(&c.keyFile, "key-file", "", "the signing key that principals are hashed with (default: signing-key.json in the trail's folder)")
}

// visit returns the options that have the function called for each event that
// is chosen.
func (c *choice) visit(cmd *cobra.Command, visit func(audit.Record, audit.Entry) error) (options audit.ReadOptions, err error) {
	if c.filter.Since, err = instant(c.since, time.Now()); err != nil {
		return options, fmt.Errorf("--since: %w", err)
	}
	if c.filter.Until, err = instant(c.until, time.Now()); err != nil {
		return options, fmt.Errorf("--until: %w", err)
	}
	if c.principal != "" {
		if c.filter.Principals, err = c.namesOf(cmd, c.principal); err != nil {
			return options, err
		}
	}
	if options, err = c.options(cmd); err != nil {
		return options, err
	}
	options.Visit = func(r audit.Record) error {
		if r.Event == nil {
			return nil
		}
		entry, err := audit.ParseEntry(r.Event)
		if err != nil {
			c.strange++
			fmt.Fprintf(cmd.ErrOrStderr(), "record %d: %v\n", r.Seq, err)
			return nil
		}
		if !c.filter.Match(entry) {
			return nil
		}
		return visit(r, entry)
	}
	return options, nil
}

// namesOf returns what a principal may be called in the trail: its name, and
// what stands for it where principals are hashed. Without the key for that, it
// says so.
func (c *choice) namesOf(cmd *cobra.Command, principal string) ([]string, error) {
	file, err := c.signingKey(c.keyFile)
	if err != nil {
		return nil, err
	}
	key, err := audit.ReadKey(file)
	switch {
	case err == nil:
		return []string{principal, key.Pseudonym(principal)}, nil
	case c.keyFile != "":
		return nil, fmt.Errorf("--key-file: %w", err)
	default:
		fmt.Fprintf(cmd.ErrOrStderr(), "%v: events that name the principal by its hash are not found; name the key with --key-file\n", err)
		return []string{principal}, nil
	}
}

// finish reads the trail. Where events are sealed and there is no identity, it
// says so.
func (c *choice) finish(cmd *cobra.Command, options audit.ReadOptions) error {
	report, err := c.read(cmd, options)
	if err != nil {
		return err
	}
	if c.strange > 0 {
		return fmt.Errorf("%d events cannot be read", c.strange)
	}
	if report.Unopened > 0 {
		return fmt.Errorf("%d events are sealed: give the private key of a recipient with --identity", report.Unopened)
	}
	return nil
}

// instant reads a time, or how long ago it was; "" is the zero time.
func instant(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%q is not a time such as 2026-01-02T15:04:05Z, and not a duration such as 24h", text)
	}
	return at, nil
}

func auditQueryCommand() *cobra.Command {
	var c choice
	cmd := &cobra.Command{
		Use:   "query [--event <name>] [--since <time>] [--until <time>] [--request <id>] [--principal <name>] [--identity <file>]",
		Short: "Prints the events that the flags choose",
		Long: `Prints the chosen events as lines of JSON. Without --event, the signatures and the
first records of segments are left out.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := c.visit(cmd, func(r audit.Record, _ audit.Entry) error { return printRecord(cmd.OutOrStdout(), r) })
			if err != nil {
				return err
			}
			return c.finish(cmd, options)
		},
	}
	c.addFlags(cmd)
	return cmd
}

func auditExportCommand() *cobra.Command {
	var c choice
	cmd := &cobra.Command{
		Use:   "export [--event <name>] [--since <time>] [--until <time>] [--request <id>] [--principal <name>] [--identity <file>]",
		Short: "Prints the chosen events for a SIEM, in the form of OCSF",
		Long: `Prints the chosen events as lines of JSON in the form of the Open Cybersecurity Schema
Framework (OCSF), which security data lakes and SIEMs take. metadata.uid is the
trail and the number of the record: an event that is exported twice has the same.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			trail := ""
			options, err := c.visit(cmd, func(r audit.Record, entry audit.Entry) error {
				line, err := audit.OCSF(trail, r.Seq, entry)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n", line)
				return err
			})
			if err != nil {
				return err
			}
			folder, err := c.path()
			if err != nil {
				return err
			}
			if trail, err = audit.TrailOf(folder); err != nil {
				return err
			}
			return c.finish(cmd, options)
		},
	}
	c.addFlags(cmd)
	return cmd
}

func auditTailCommand() *cobra.Command {
	var (
		c      choice
		last   int
		follow bool
	)
	cmd := &cobra.Command{
		Use:   "tail [--lines <number>] [--follow] [--event <name>] [--identity <file>]",
		Short: "Prints the last events, and those that follow",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if last < 0 {
				return errors.New("--lines: a number of at least 0")
			}
			window := &lastRecords{most: last, print: func(r audit.Record) error { return printRecord(cmd.OutOrStdout(), r) }}
			options, err := c.visit(cmd, func(r audit.Record, _ audit.Entry) error { return window.add(r) })
			if err != nil {
				return err
			}
			options.AtEnd = window.flush
			if follow {
				ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
				defer stop()
				options.Follow = ctx.Done()
			}
			return c.finish(cmd, options)
		},
	}
	c.addFlags(cmd)
	cmd.Flags().IntVarP(&last, "lines", "n", 10, "how many events to print")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "print what is recorded from now on, until it is interrupted")
	return cmd
}

// lastRecords keeps the last records until the end is reached, and prints those
// that follow.
type lastRecords struct {
	most    int
	print   func(audit.Record) error
	kept    []audit.Record
	flushed bool
}

func (l *lastRecords) add(r audit.Record) error {
	if l.flushed {
		return l.print(r)
	}
	if l.most == 0 {
		return nil
	}
	if len(l.kept) == l.most {
		l.kept = l.kept[1:]
	}
	r.Event = append([]byte(nil), r.Event...)
	l.kept = append(l.kept, r)
	return nil
}

func (l *lastRecords) flush() error {
	l.flushed = true
	for _, r := range l.kept {
		if err := l.print(r); err != nil {
			return err
		}
	}
	l.kept = nil
	return nil
}
