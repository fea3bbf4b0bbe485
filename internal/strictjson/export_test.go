package strictjson

// ParseAnew is Parse with a decoder that has read nothing before.
func ParseAnew(text []byte) (any, error) { return decoders.New().(*decoder).parse(text) }
