// Command odordiff-build builds a Caddy from a recipe in TOML, with xcaddy.
// It is for people who want the gate modules in a Caddy of their own; the
// released binary is built from cmd/odordiff instead, with its committed go.sum.
//
// Usage:
//
//	odordiff-build [-recipe xcaddy.toml]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	recipeFile := flag.String("recipe", "xcaddy.toml", "what to build")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := build(ctx, *recipeFile); err != nil {
		fmt.Fprintf(os.Stderr, "odordiff-build: %v\n", err)
		os.Exit(1)
	}
}

func build(ctx context.Context, recipeFile string) error {
	recipe, err := readRecipe(recipeFile)
	if err != nil {
		return err
	}
	if err := recipe.builder().Build(ctx, recipe.Output); err != nil {
		return fmt.Errorf("building %s: %w", recipe.Output, err)
	}
	fmt.Println(recipe.Output)
	return nil
}
