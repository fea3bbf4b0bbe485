package chem
import ("testing";"os";"bufio";"fmt";"strings";"math/rand/v2")
func TestZZDump(t *testing.T){
 in:=os.Getenv("CHEM_IN"); if in==""{t.Skip()}
 b,_:=os.ReadFile(in)
 f,_:=os.Create(os.Getenv("CHEM_OUT")); defer f.Close(); w:=bufio.NewWriter(f); defer w.Flush()
 rng:=rand.New(rand.NewPCG(1,2))
 for _,s:=range strings.Split(strings.TrimSpace(string(b)),"\n"){
  m,err:=Parse(s)
  if err!=nil {fmt.Fprintf(w,"%s\tERR\t%v\n",s,err);continue}
  hs:=0; for _,a:=range m.Atoms(){hs+=int(a.Hydrogens)}
  bad:=""
  for i:=0;i<10;i++{ r:=m.RandomSMILES(rng); q,err:=Parse(r); if err!=nil{bad="!"+r+" "+err.Error();break}; if q.SMILES()!=m.SMILES(){bad="!"+r+" -> "+q.SMILES();break}}
  fmt.Fprintf(w,"%s\t%s\t%s\t%.4f\t%.6f\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n",s,m.SMILES(),m.Formula(),m.Weight(),m.MonoisotopicMass(),m.HeavyAtoms(),hs,m.Rings(),m.HBondDonors(),m.HBondAcceptors(),m.RotatableBonds(),m.RandomSMILES(rng),bad)
 }
}
