package tracing

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// samplerOf returns the sampler that OTEL_TRACES_SAMPLER and its argument name.
// A span follows the one above it, also where the name lacks parentbased_: half
// a trace helps nobody. At the edge only our own spans are above; what a
// stranger's traceparent says does not count.
func samplerOf(name, argument string, edge bool) (sdktrace.Sampler, error) {
	root, err := rootOf(name, argument)
	if err != nil {
		return nil, err
	}
	if !edge {
		return sdktrace.ParentBased(root), nil
	}
	return sdktrace.ParentBased(root, sdktrace.WithRemoteParentSampled(root), sdktrace.WithRemoteParentNotSampled(root)), nil
}

// rootOf returns what decides where no span of ours is above.
func rootOf(name, argument string) (chance, error) {
	switch strings.TrimPrefix(strings.ToLower(strings.TrimSpace(name)), "parentbased_") {
	case "", "always_on":
		return 1, nil
	case "always_off":
		return 0, nil
	case "traceidratio":
		if argument = strings.TrimSpace(argument); argument == "" {
			return 1, nil
		}
		share, err := strconv.ParseFloat(argument, 64)
		if err != nil || !(share >= 0 && share <= 1) { // NaN is neither
			return 0, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG %q: give a share from 0 to 1, such as 0.01", argument)
		}
		return chance(share), nil
	}
	return 0, fmt.Errorf("OTEL_TRACES_SAMPLER %q: give always_on, always_off, traceidratio, or parentbased_ and one of these", name)
}

// chance samples so large a share of all requests, 0 to 1, at random. It does
// not look at the trace's id, as a sampler by ratio usually does: at the edge a
// stranger chooses that.
type chance float64

// ShouldSample implements sdktrace.Sampler. It keeps nothing of a tracestate,
// which a stranger may have written.
func (c chance) ShouldSample(sdktrace.SamplingParameters) sdktrace.SamplingResult {
	if rand.Float64() < float64(c) { //nolint:gosec // sampling is no secret
		return sdktrace.SamplingResult{Decision: sdktrace.RecordAndSample}
	}
	return sdktrace.SamplingResult{Decision: sdktrace.Drop}
}

// Description implements sdktrace.Sampler.
func (c chance) Description() string { return fmt.Sprintf("Chance{%g}", float64(c)) }
