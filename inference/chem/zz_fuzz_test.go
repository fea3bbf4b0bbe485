package chem
import ("testing";"time";"math/rand/v2";"os")
func FuzzZZ(f *testing.F){
 f.Add("C")
 for _, s := range []string{"c1ccccc1", "C1CC1.[Na+].[Cl-]", "F/C=C\\F", "C%12CC%12","C12C3C4C1C5C2C3C45","c1cc2cccc-2c1"} { f.Add(s) }
 f.Fuzz(func(t *testing.T, s string){
  tm := time.AfterFunc(3*time.Second, func(){ os.WriteFile("/tmp/chemwork/hang.txt",[]byte(s),0644); panic("hang") }); defer tm.Stop()
  m,err:=Parse(s); if err!=nil {return}
  checkReadsBack(t,m,m.SMILES())
  checkReadsBack(t,m,m.RandomSMILES(rand.New(rand.NewPCG(uint64(len(s)), 1))))
 })
}
