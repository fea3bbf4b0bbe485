package diffusion

// Condition is what a molecule is asked to be. The zero value asks for nothing.
type Condition struct {
	// Wanted and Unwanted have a weight for each of [Model.Labels]: 0 for a
	// label that is not mentioned, 1 for a plain wish. nil is all 0.
	Wanted, Unwanted []float32
	// Figures are properties to aim at, by name: "weight" (g/mol), "logp",
	// "tpsa" (Å²) and "rings". Samples come near them, without a guarantee.
	Figures map[string]float64
}

// farthest is how many scales a figure may lie from the mean. The network has
// seen almost nothing beyond it and would answer with nonsense.
const farthest = 3

// vector lays a condition out as the network was trained to read it: wanted
// labels, unwanted labels, scaled properties, and which of those are set.
// Weights above 1 were not seen in training and count as 1.
func (i *info) vector(c Condition) []float32 {
	out := make([]float32, i.Shape.condition())
	for j, w := range c.Wanted[:min(len(c.Wanted), i.Shape.Labels)] {
		out[j] = min(w, 1)
	}
	for j, w := range c.Unwanted[:min(len(c.Unwanted), i.Shape.Labels)] {
		out[i.Shape.Labels+j] = min(w, 1)
	}
	for j, p := range i.Properties {
		if x, ok := c.Figures[p.Name]; ok {
			out[2*i.Shape.Labels+j] = float32(min(max((x-p.Mean)/p.Scale, -farthest), farthest))
			out[2*i.Shape.Labels+i.Shape.Properties+j] = 1
		}
	}
	return out
}
