// Command odordiff-build builds a Caddy from a recipe in TOML, with xcaddy.
// It is for people who want the gate modules in a Caddy of their own; the
// released binary is built from cmd/odordiff instead, with its committed
// go.sum.
//
// Usage:
//
//	odordiff-build [-recipe xcaddy.toml]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	recipeFile := flag.String("recipe", "xcaddy.toml", "what to build")
	flag.Parse()
	if err := build(*recipeFile); err != nil {
		fmt.Fprintf(os.Stderr, "odordiff-build: %v\n", err)
		os.Exit(1)
	}
}

func build(recipeFile string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	recipe, err := readRecipe(recipeFile)
	if err != nil {
		return err
	}
	undo, err := preferShadow(ctx, recipe)
	if err != nil {
		return err
	}
	if err := errors.Join(recipe.builder().Build(ctx, recipe.Output), undo()); err != nil {
		return fmt.Errorf("building %s: %w", recipe.Output, err)
	}
	fmt.Println(recipe.Output)
	return nil
}

// preferShadow puts the recipe's shadow before the proxies that this process
// and its children use. The returned function deletes its files.
func preferShadow(ctx context.Context, recipe *recipe) (undo func() error, err error) {
	proxies, err := exec.CommandContext(ctx, "go", "env", "GOPROXY").Output()
	if err != nil {
		return nil, fmt.Errorf("asking go env GOPROXY: %w", err)
	}
	dir, err := os.MkdirTemp("", "odordiff-build")
	if err != nil {
		return nil, fmt.Errorf("making a directory for the shadow: %w", err)
	}
	undo = func() error { return os.RemoveAll(dir) }
	url, err := recipe.shadow(dir)
	if err != nil {
		return nil, errors.Join(err, undo())
	}
	return undo, os.Setenv("GOPROXY", url+","+strings.TrimSpace(string(proxies)))
}
