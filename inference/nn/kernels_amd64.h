// vectorConstants in kernels_amd64.go: each fills 32 bytes.
#define EXP_MIN  ·vectorConstants+0(SB)
#define LOG2E    ·vectorConstants+32(SB)
#define LN2_HIGH ·vectorConstants+64(SB)
#define LN2_LOW  ·vectorConstants+96(SB)
#define EXP_C7   ·vectorConstants+128(SB)
#define EXP_C6   ·vectorConstants+160(SB)
#define EXP_C5   ·vectorConstants+192(SB)
#define EXP_C4   ·vectorConstants+224(SB)
#define EXP_C3   ·vectorConstants+256(SB)
#define EXP_C2   ·vectorConstants+288(SB)
#define ONE      ·vectorConstants+320(SB)
#define LOWEST   ·vectorConstants+352(SB)
#define EPSILON  ·vectorConstants+384(SB)

// REDUCE8 leaves OP over the lanes of Y0 in each lane of X0. It uses X1.
// All paths reduce in this order, so that they round alike.
#define REDUCE8(OP) \
	VEXTRACTF128 $1, Y0, X1; \
	OP           X1, X0, X0; \
	VPERMILPS    $0x4E, X0, X1; \
	OP           X1, X0, X0; \
	VPERMILPS    $0xB1, X0, X1; \
	OP           X1, X0, X0
