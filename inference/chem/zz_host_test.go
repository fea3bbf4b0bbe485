package chem
import ("testing";"strings";"time";"fmt")
func TestZZHost(t *testing.T){
 ladder := func(n int) string { var b strings.Builder; b.WriteString("C1"); for i:=0;i<n;i++{ fmt.Fprintf(&b,"C%%%02dC", i%80+10)}; return b.String()}
 _ = ladder
 grid := func(w,h int) string { // square lattice, via ring closures row to row
  var b strings.Builder
  for r:=0;r<h;r++{ for c:=0;c<w;c++{ b.WriteString("C"); if r>0 {fmt.Fprintf(&b,"%%%02d",10+c+((r-1)%2)*w)}; if r<h-1 {fmt.Fprintf(&b,"%%%02d",10+c+(r%2)*w)} } ; if r<h-1 {b.WriteString(".")} }
  return b.String()}
 for name,s := range map[string]string{
  "10MB C": strings.Repeat("C",10<<20), "10MB (": strings.Repeat("C(",5<<20), "rings": strings.Repeat("C1",5000)+strings.Repeat("C%11",200),
  "openings": strings.Repeat("C%10%11%12%13",100), "deep": strings.Repeat("C(",255)+"C"+strings.Repeat(")",255),
  "chain1000": strings.Repeat("C",1000), "cf2": "C"+strings.Repeat("C(F)(F)",330)+"C", "tbu": "C"+strings.Repeat("C(C(C)(C)C)",190)+"C",
  "methane500": strings.Repeat("C.",499)+"C", "grid10x10": grid(10,10), "grid20x5":grid(20,5), "grid30x4": grid(30,4),
  "benz99": "C"+strings.Repeat("c1ccccc1",99)[:0]+strings.Repeat("C(c1ccccc1)",98)+"C",
  "acene": func() string { s:="c1ccc2"; return s+"ccccc2c1" }(),
  "stereo200": "C"+strings.Repeat("[C@H](O)",200)+"C", "stereo-same": "C"+strings.Repeat("[C@](C)(C)",200)+"C", "stereo dendr": "C("+strings.Repeat("C[C@H](F)Cl)(",1)+"C[C@@H](F)Cl)(C[C@@H](F)Cl)C[C@H](F)Cl",
  "inositols": strings.Repeat("O[C@H]1[C@H](O)[C@@H](O)[C@H](O)[C@H](O)[C@@H]1O.",60)+"C",
  "ring1000": "C1"+strings.Repeat("C",998)+"1", "arring998":"c1"+strings.Repeat("c",997)+"1",
  "cyclobutanes": "C"+strings.Repeat("C1CC(C1)C",150), "spiro": "C1"+strings.Repeat("CC2(C1)CC1(C2)",45)+"CC1",
  "meso": "C"+strings.Repeat("C1C[C@H](C)C[C@@H](C)C1",40)+"C",
  "polyene": "C"+strings.Repeat("/C=C",300)+"/C",
  "cyclophane":"C1"+strings.Repeat("/C=C",100)+"1",
  "trans14": "C"+strings.Repeat("[C@H]1CC[C@@H](CC1)",90)+"C",
 } {
  t0:=time.Now(); m,err:=Parse(s); d:=time.Since(t0)
  e:=""; if err!=nil {e=err.Error()} else { e=fmt.Sprint(m.HeavyAtoms()," ",m.Rings()) }
  if len(e)>100 {e=e[:100]}
  t.Log(name,d,e)
 }
}
