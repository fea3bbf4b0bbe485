//go:build amd64 && !purego

#include "textflag.h"

// Registers:
//   AX BX        rows 0 and 3 of a; SI is its stride, so that (AX)(SI*2) is row 2
//   DI R9        b and its stride
//   R8 R10       c and its stride
//   R11          what is left of the inner dimension
//   R12          bias; R13 bytes into the panel: 0, then 64
//   Y0 Y1        16 columns of one row of b; Y2 Y3 one value of a in all lanes
//   Y4 … Y15     sums: rows 0 to 5, two registers each
// The 32 columns are two halves of 16, so that the sums fit.

// MULTIPLY adds one value of a times 16 columns of b to a row's sums.
#define MULTIPLY(value, lanes, low, high) \
	VBROADCASTSS value, lanes; \
	VFMADD231PS  Y0, lanes, low; \
	VFMADD231PS  Y1, lanes, high

// ACTIVATE squares a row's sums, or makes them 0 where they are negative.
#define ACTIVATE(low, high) \
	VMAXPS low, Y0, low;   \
	VMAXPS high, Y0, high; \
	VMULPS low, low, low;  \
	VMULPS high, high, high

#define STORE(low, high) \
	VMOVUPS low, (R8); \
	VMOVUPS high, 32(R8); \
	ADDQ    R10, R8

#define COPY(low, high) \
	VMOVAPS Y4, low; \
	VMOVAPS Y5, high

// func multiply6AVX2(c, a, b, bias *float32, inner, aStride, bStride, cStride int, activate bool)
TEXT ·multiply6AVX2(SB), NOSPLIT, $0-65
	MOVQ bias+24(FP), R12
	MOVQ aStride+40(FP), SI
	MOVQ bStride+48(FP), R9
	MOVQ cStride+56(FP), R10
	SHLQ $2, SI
	SHLQ $2, R9
	SHLQ $2, R10
	XORQ R13, R13

half:
	MOVQ    inner+32(FP), R11
	MOVQ    a+8(FP), AX
	LEAQ    (SI)(SI*2), BX
	ADDQ    AX, BX
	MOVQ    b+16(FP), DI
	ADDQ    R13, DI
	VMOVUPS (R12)(R13*1), Y4
	VMOVUPS 32(R12)(R13*1), Y5
	COPY(Y6, Y7)
	COPY(Y8, Y9)
	COPY(Y10, Y11)
	COPY(Y12, Y13)
	COPY(Y14, Y15)

step:
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	MULTIPLY((AX), Y2, Y4, Y5)
	MULTIPLY((AX)(SI*1), Y3, Y6, Y7)
	MULTIPLY((AX)(SI*2), Y2, Y8, Y9)
	MULTIPLY((BX), Y3, Y10, Y11)
	MULTIPLY((BX)(SI*1), Y2, Y12, Y13)
	MULTIPLY((BX)(SI*2), Y3, Y14, Y15)
	ADDQ R9, DI
	ADDQ $4, AX
	ADDQ $4, BX
	DECQ R11
	JNZ  step

	CMPB activate+64(FP), $0
	JEQ  store
	VXORPS Y0, Y0, Y0
	ACTIVATE(Y4, Y5)
	ACTIVATE(Y6, Y7)
	ACTIVATE(Y8, Y9)
	ACTIVATE(Y10, Y11)
	ACTIVATE(Y12, Y13)
	ACTIVATE(Y14, Y15)

store:
	MOVQ c+0(FP), R8
	ADDQ R13, R8
	STORE(Y4, Y5)
	STORE(Y6, Y7)
	STORE(Y8, Y9)
	STORE(Y10, Y11)
	STORE(Y12, Y13)
	STORE(Y14, Y15)
	ADDQ $64, R13
	CMPQ R13, $128
	JNE  half
	VZEROUPPER
	RET

// func multiply1AVX2(c, a, b, bias *float32, inner, bStride int, activate bool)
TEXT ·multiply1AVX2(SB), NOSPLIT, $0-49
	MOVQ    c+0(FP), R8
	MOVQ    a+8(FP), AX
	MOVQ    b+16(FP), DI
	MOVQ    bias+24(FP), R12
	MOVQ    inner+32(FP), R11
	MOVQ    bStride+40(FP), R9
	SHLQ    $2, R9
	VMOVUPS (R12), Y4
	VMOVUPS 32(R12), Y5
	VMOVUPS 64(R12), Y6
	VMOVUPS 96(R12), Y7

step:
	VBROADCASTSS (AX), Y2
	VFMADD231PS  (DI), Y2, Y4
	VFMADD231PS  32(DI), Y2, Y5
	VFMADD231PS  64(DI), Y2, Y6
	VFMADD231PS  96(DI), Y2, Y7
	ADDQ         R9, DI
	ADDQ         $4, AX
	DECQ         R11
	JNZ          step

	CMPB   activate+48(FP), $0
	JEQ    store
	VXORPS Y0, Y0, Y0
	ACTIVATE(Y4, Y5)
	ACTIVATE(Y6, Y7)

store:
	VMOVUPS Y4, (R8)
	VMOVUPS Y5, 32(R8)
	VMOVUPS Y6, 64(R8)
	VMOVUPS Y7, 96(R8)
	VZEROUPPER
	RET
