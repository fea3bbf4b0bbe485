package safety

// isHazard reports whether a finding prohibits a molecule for what it does to
// people: a weapon, an explosive, a poison, a controlled substance or its
// precursor. What is only kept out of cosmetics is none.
func (f Finding) isHazard() bool {
	return f.Severity == Prohibitive && f.Category != "cosmetics" && f.Category != "property"
}
