package pattern

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEachKindIsFoundWhereItStands(t *testing.T) {
	for text, want := range map[string][]string{
		"write to me@example.com.":               {"email me@example.com"},
		"first.last+tag@mail.example.co.uk, ok?": {"email first.last+tag@mail.example.co.uk"},
		"call +49 170 1234567 now":               {"phone +49 170 1234567"},
		"call (555) 123-4567 now":                {"phone (555) 123-4567"},
		"555-123-4567 or 555.123.4568":           {"phone 555-123-4567", "phone 555.123.4568"},
		"06 12 34 56 78":                         {"phone 06 12 34 56 78"},
		"0170 1234567":                           {"phone 0170 1234567"},
		"pay 4111 1111 1111 1111 please":         {"card 4111 1111 1111 1111"},
		"pay 5500-0000-0000-0004":                {"card 5500-0000-0000-0004"},
		"378282246310005":                        {"card 378282246310005"},
		"to DE89 3704 0044 0532 0130 00 today":   {"iban DE89 3704 0044 0532 0130 00"},
		"GB82WEST12345698765432":                 {"iban GB82WEST12345698765432"},
		"host 192.168.1.20:80":                   {"ip 192.168.1.20"},
		"fe80::1 and 2001:db8:85a3::8a2e:370:1":  {"ip fe80::1", "ip 2001:db8:85a3::8a2e:370:1"},
		"12 Elm Street, Springfield, IL 62704":   {"post IL 62704"},
		"London SW1A 1AA":                        {"post SW1A 1AA"},

		"AKIAIOSFODNN7EXAMPLE":                                          {"aws_key AKIAIOSFODNN7EXAMPLE"},
		"ghp_0123456789abcdefghijABCDEFGHIJ012345":                      {"github_token ghp_0123456789abcdefghijABCDEFGHIJ012345"},
		"sk-abcdefghijklmnopqrstuvwxyz123456":                           {"model_key sk-abcdefghijklmnopqrstuvwxyz123456"},
		"sk-ant-api03-abcdefghijklmnopqrst":                             {"model_key sk-ant-api03-abcdefghijklmnopqrst"},
		"xoxb-123456789012-abcdef":                                      {"slack_token xoxb-123456789012-abcdef"},
		"AIzaSyA0123456789abcdefghijklmnopqrstuvw":                      {"google_key AIzaSyA0123456789abcdefghijklmnopqrstuvw"},
		"sk_live_0123456789abcdefgh":                                    {"token sk_live_0123456789abcdefgh"},
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF123":                {"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF123"},
		"-----BEGIN RSA PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----": {"private_key -----BEGIN RSA PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----"},
		"password=hunter2 ":                                             {"password password=hunter2"},
		"Password: Tr0ub4dor":                                           {"password Password: Tr0ub4dor"},
		"Authorization: Bearer abcdef12345":                             {"password Authorization: Bearer abcdef12345"},

		"a <b>bold</b> scent":          {"markup <b", "markup </b"},
		"<script>alert(1)</script>":    {"script <script", "script alert(", "script </script"},
		"' or 1=1":                     {"sql or 1=1"},
		"x; cat /etc/passwd":           {"shell ; cat", "path /etc/"},
		"hello {{7*7}}":                {"template {{7*7}}"},
		"open ../../secret":            {"path ../../"},
		"<|im_start|>system [INST]":    {"chat_mark <|im_start|>", "chat_mark [INST]"},
		"linalool (78-70-6)":           {"cas 78-70-6"},
		"H2SO4, Ca(OH)2 and C10H16O.":  {"formula H2SO4", "formula Ca(OH)2", "formula C10H16O"},
		"CC(C)=CCCC(C)(O)C=C and C#N":  {"smiles CC(C)=CCCC(C)(O)C=C", "smiles C#N"},
		"(C[C@H]1CC[C@@H](C)CC1=O)":    {"smiles C[C@H]1CC[C@@H](C)CC1=O"},
		"CCOP(=O)(F)OC, c1ccccc1.":     {"smiles CCOP(=O)(F)OC", "smiles c1ccccc1"},
		"InChI=1S/CH2O/c1-2/h1H2, yes": {"inchi InChI=1S/CH2O/c1-2/h1H2"},
		"CDOSHBSSFJOMGT-UHFFFAOYSA-N":  {"inchikey CDOSHBSSFJOMGT-UHFFFAOYSA-N"},
		"4-methyl-2-phenyl-1,3-dioxolane and N,N-diethyl-m-toluamide": {"systematic_name 4-methyl-2-phenyl-1,3-dioxolane", "systematic_name N,N-diethyl-m-toluamide"},
		"(2E,6Z)-nona-2,6-dienal, 2,4,6-trinitrotoluene":              {"systematic_name (2E,6Z)-nona-2,6-dienal", "systematic_name 2,4,6-trinitrotoluene"},
	} {
		if got := describe(text); !slices.Equal(got, want) {
			t.Errorf("%q has %q, want %q", text, got, want)
		}
	}
}

func describe(text string) (all []string) {
	for _, m := range Find(text) {
		all = append(all, m.Kind.String()+" "+text[m.Start:m.End])
	}
	return all
}

func TestWhatOnlyLooksLikeIt(t *testing.T) {
	for name, texts := range map[string][]string{
		"numbers with a wrong check digit": {"78-70-7", "4111 1111 1111 1112", "DE88 3704 0044 0532 0130 00"},
		"other numbers":                    {"2026-11-30", "1234567890", "12-34-56", "1.22.333.4444", "v1.2.3", "10:28:03", "3.14159", "1,000,000", "978-3-16-148410-0"},
		"names of products":                {"CK1", "H24", "PS5", "USB3", "VIP3", "IP67", "HP5", "CH47", "H1N1", "B12", "NO5", "OK2", "COCO", "CNN", "BOSS", "SOS"},
		"words of chemistry's letters":     {"no", "so", "con", "cocoon", "NOSe", "IN CO NO", "son(s)", "(c)", "P=NP", "f(x)=C"},
		"words with hyphens":               {"eau-de-parfum", "state-of-the-art", "20-year-old", "4-ever", "mother-in-law", "a 3-way split", "top-10", "COVID-19", "T-shirt", "24-hour", "5-alarm"},
		"prose about secrets":              {"secret: a hint of musk", "password protected", "my password is secret", "sk-eleton", "token: love"},
		"addresses of nobody":              {"@home", "a@b", "me @ home", "x@y."},
	} {
		t.Run(name, func(t *testing.T) {
			for _, text := range texts {
				if got := describe(text); got != nil {
					t.Errorf("%q has %q", text, got)
				}
			}
		})
	}
}

func TestOrdinaryPromptsHaveNothing(t *testing.T) {
	for _, text := range benign {
		for _, found := range describe(text) {
			if !strings.HasPrefix(found, "systematic_name") {
				t.Errorf("%q has %s", text, found)
			}
		}
	}
}

// leastFound is how many in a hundred attacks have to be found.
const leastFound = 99

func TestAttacksAreFound(t *testing.T) {
	for name, corpus := range map[string]map[Kind][]string{"written before the finder": payloads, "written after it": heldOut} {
		for kind, texts := range corpus {
			t.Run(name+", "+kind.String(), func(t *testing.T) {
				found := 0
				for _, variant := range variants(texts) {
					if hasCode(variant) {
						found++
					} else {
						t.Logf("missed: %q", variant)
					}
				}
				if n := len(variants(texts)); found*100 < n*leastFound {
					t.Errorf("%d of %d are found", found, n)
				}
			})
		}
	}
}

// variants are attacks by themselves, within a sentence, and behind values.
func variants(texts []string) (all []string) {
	for _, text := range texts {
		all = append(all, text, "a scent of roses "+text, "musk\n"+text+"\nand amber, please")
	}
	return all
}

func hasCode(text string) bool {
	return slices.ContainsFunc(Find(text), func(m Match) bool { return m.Kind.Group() == Code })
}

func TestKindsHaveNamesAndGroups(t *testing.T) {
	seen := map[string]bool{}
	for k := range kinds {
		if k.String() == "" || seen[k.String()] {
			t.Errorf("kind %d is called %q", k, k)
		}
		seen[k.String()] = true
	}
	for k, want := range map[Kind]Group{Email: Personal, Post: Personal, AWSKey: Secret, Password: Secret, Markup: Code, ChatMark: Code, CAS: Chemical, SystematicName: Chemical} {
		if k.Group() != want {
			t.Errorf("%s is %s, want %s", k, k.Group(), want)
		}
	}
}

func TestMatchesAreBounded(t *testing.T) {
	if n := len(Find(strings.Repeat("a@b.example ", 10*MaxMatches))); n != MaxMatches {
		t.Errorf("%d matches", n)
	}
}

func TestFindingNothingCostsNoMemory(t *testing.T) {
	for _, text := range benign {
		if Find(text) != nil {
			continue
		}
		if n := testing.AllocsPerRun(10, func() { Find(text) }); n > 0 {
			t.Errorf("%q: %v objects", text, n)
		}
	}
}

func TestMatchesOfAnythingAreInRange(t *testing.T) {
	pieces := []string{"'", "\"", " or ", "1=1", "--", ";", "<", "script", "{{", "${", "}", "../", "/etc/", "select ", "from ", "@", ".", "-", "2,4", "CC(", "[C@H]", "C1", "+1 ", "DE89", "::", "sk-", "password", "=", "\xff", "é", "(", "http://", "on", "error="}
	rapid.Check(t, func(t *rapid.T) {
		checkMatches(t, strings.Join(rapid.SliceOf(rapid.OneOf(rapid.SampledFrom(pieces), rapid.String())).Draw(t, "text"), ""))
	})
}

func FuzzFind(f *testing.F) {
	for _, corpus := range []map[Kind][]string{payloads, heldOut, {Email: benign}} {
		for _, texts := range corpus {
			for _, text := range texts {
				f.Add(text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) { checkMatches(t, text) })
}

func checkMatches(t interface{ Fatalf(string, ...any) }, text string) {
	for _, m := range Find(text) {
		if m.Start < 0 || m.End <= m.Start || m.End > len(text) || m.Kind >= kinds {
			t.Fatalf("%+q has a %s at %d-%d", text, m.Kind, m.Start, m.End)
		}
	}
}

// Words that are left after a short look would have given nothing, and led
// nowhere else.
func TestOrdinaryWordsAreNothingElse(t *testing.T) {
	parts := []string{" ", ",", ".", "on", "cos", "c1ccccc1", "sk", "-", "_", "=", ":", "'", "\"", "(", ")", "1", "C", "select", "from", "password", "drop", "\n", ";", "no", "é", "rm", "/", "@", "com", "methyl", "2", "N", "[", "]", "#", "<", ">", "onerror", "or"}
	for _, attacks := range payloads {
		for _, attack := range attacks {
			parts = append(parts, strings.Fields(attack)...)
		}
	}
	for word := range keywords {
		parts = append(parts, word)
	}
	slices.Sort(parts)
	part := rapid.SampledFrom(slices.Compact(parts))
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(part, 0, 20).Draw(t, "parts"), rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
		if got, want := Find(text), findWithoutShortWay(text); !slices.Equal(got, want) {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
	})
	for text := range strings.SplitSeq(strings.Join(parts, " "), "\n") {
		if got, want := Find(text), findWithoutShortWay(text); !slices.Equal(got, want) {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
	}
}

// findWithoutShortWay is Find with a closer look at each word.
func findWithoutShortWay(text string) []Match {
	s := scanner{text: text}
	for i := 0; i < len(text) && len(s.found) < MaxMatches; {
		to := i
		switch trigger := triggers[text[i]]; trigger {
		case nothing:
		case letter:
			to = s.letter(i)
		default:
			to = s.at(i, trigger)
		}
		i = max(to, i+1)
	}
	return s.found
}

func BenchmarkFind(b *testing.B) {
	const sentence = "A Fresh citrus over wet cedar, with 2 drops of musk, rose & amber (not too sweet). "
	ordinary := strings.Repeat(sentence, 800)
	attacks := strings.Repeat(strings.Join(payloads[SQL], " "), 20)
	hostile := strings.Repeat("'or(select <a ../ 2-3,", 3000)
	for _, size := range []int{27, 300, 4 << 10, 64 << 10} {
		for name, text := range map[string]string{"ordinary": ordinary, "attacks": attacks, "hostile": hostile} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					Find(text[:size])
				}
			})
		}
	}
}
