//go:build amd64 && !purego

#include "textflag.h"

// Registers of the three kernels:
//   AX BX CX DX  rows 0, 3, 6, 9 of a; SI is its stride, so that (AX)(SI*2) is row 2
//   DI R9        b and its stride
//   R8 R10       c and its stride
//   R11          what is left of the inner dimension
//   Z0 Z1        32 columns of one row of b; Z2 one value of a in all lanes
//   Z8 … Z31     sums: rows 0 to 11, two registers each
// For each step of the inner dimension, 24 multiply-adds stand beside 14 loads:
// the multiply-adds are the limit.

// MULTIPLY adds one value of a times the 32 columns of b to a row's sums.
#define MULTIPLY(value, low, high) \
	VBROADCASTSS value, Z2; \
	VFMADD231PS  Z0, Z2, low; \
	VFMADD231PS  Z1, Z2, high

// ACTIVATE squares a row's sums, or makes them 0 where they are negative.
#define ACTIVATE(low, high) \
	VMAXPS low, Z0, low;   \
	VMAXPS high, Z0, high; \
	VMULPS low, low, low;  \
	VMULPS high, high, high

#define STORE(low, high) \
	VMOVUPS low, (R8); \
	VMOVUPS high, 64(R8); \
	ADDQ    R10, R8

#define COPY(low, high) \
	VMOVAPS Z8, low; \
	VMOVAPS Z9, high

#define LOAD_ARGUMENTS \
	MOVQ    a+8(FP), AX; \
	MOVQ    b+16(FP), DI; \
	MOVQ    bias+24(FP), R12; \
	MOVQ    inner+32(FP), R11; \
	MOVQ    aStride+40(FP), SI; \
	MOVQ    bStride+48(FP), R9; \
	MOVQ    cStride+56(FP), R10; \
	SHLQ    $2, SI; \
	SHLQ    $2, R9; \
	SHLQ    $2, R10; \
	VMOVUPS (R12), Z8; \
	VMOVUPS 64(R12), Z9; \
	LEAQ    (SI)(SI*2), R12

// func multiply12AVX512(c, a, b, bias *float32, inner, aStride, bStride, cStride int, activate bool)
TEXT ·multiply12AVX512(SB), NOSPLIT, $0-65
	LOAD_ARGUMENTS
	LEAQ (AX)(R12*1), BX
	LEAQ (BX)(R12*1), CX
	LEAQ (CX)(R12*1), DX
	COPY(Z10, Z11)
	COPY(Z12, Z13)
	COPY(Z14, Z15)
	COPY(Z16, Z17)
	COPY(Z18, Z19)
	COPY(Z20, Z21)
	COPY(Z22, Z23)
	COPY(Z24, Z25)
	COPY(Z26, Z27)
	COPY(Z28, Z29)
	COPY(Z30, Z31)

step:
	VMOVUPS (DI), Z0
	VMOVUPS 64(DI), Z1
	MULTIPLY((AX), Z8, Z9)
	MULTIPLY((AX)(SI*1), Z10, Z11)
	MULTIPLY((AX)(SI*2), Z12, Z13)
	MULTIPLY((BX), Z14, Z15)
	MULTIPLY((BX)(SI*1), Z16, Z17)
	MULTIPLY((BX)(SI*2), Z18, Z19)
	MULTIPLY((CX), Z20, Z21)
	MULTIPLY((CX)(SI*1), Z22, Z23)
	MULTIPLY((CX)(SI*2), Z24, Z25)
	MULTIPLY((DX), Z26, Z27)
	MULTIPLY((DX)(SI*1), Z28, Z29)
	MULTIPLY((DX)(SI*2), Z30, Z31)
	ADDQ R9, DI
	ADDQ $4, AX
	ADDQ $4, BX
	ADDQ $4, CX
	ADDQ $4, DX
	DECQ R11
	JNZ  step

	CMPB activate+64(FP), $0
	JEQ  store
	VXORPS Z0, Z0, Z0
	ACTIVATE(Z8, Z9)
	ACTIVATE(Z10, Z11)
	ACTIVATE(Z12, Z13)
	ACTIVATE(Z14, Z15)
	ACTIVATE(Z16, Z17)
	ACTIVATE(Z18, Z19)
	ACTIVATE(Z20, Z21)
	ACTIVATE(Z22, Z23)
	ACTIVATE(Z24, Z25)
	ACTIVATE(Z26, Z27)
	ACTIVATE(Z28, Z29)
	ACTIVATE(Z30, Z31)

store:
	MOVQ c+0(FP), R8
	STORE(Z8, Z9)
	STORE(Z10, Z11)
	STORE(Z12, Z13)
	STORE(Z14, Z15)
	STORE(Z16, Z17)
	STORE(Z18, Z19)
	STORE(Z20, Z21)
	STORE(Z22, Z23)
	STORE(Z24, Z25)
	STORE(Z26, Z27)
	STORE(Z28, Z29)
	STORE(Z30, Z31)
	VZEROUPPER
	RET

// func multiply4AVX512(c, a, b, bias *float32, inner, aStride, bStride, cStride int, activate bool)
TEXT ·multiply4AVX512(SB), NOSPLIT, $0-65
	LOAD_ARGUMENTS
	LEAQ (AX)(R12*1), BX
	COPY(Z10, Z11)
	COPY(Z12, Z13)
	COPY(Z14, Z15)

step:
	VMOVUPS (DI), Z0
	VMOVUPS 64(DI), Z1
	MULTIPLY((AX), Z8, Z9)
	MULTIPLY((AX)(SI*1), Z10, Z11)
	MULTIPLY((AX)(SI*2), Z12, Z13)
	MULTIPLY((BX), Z14, Z15)
	ADDQ R9, DI
	ADDQ $4, AX
	ADDQ $4, BX
	DECQ R11
	JNZ  step

	CMPB activate+64(FP), $0
	JEQ  store
	VXORPS Z0, Z0, Z0
	ACTIVATE(Z8, Z9)
	ACTIVATE(Z10, Z11)
	ACTIVATE(Z12, Z13)
	ACTIVATE(Z14, Z15)

store:
	MOVQ c+0(FP), R8
	STORE(Z8, Z9)
	STORE(Z10, Z11)
	STORE(Z12, Z13)
	STORE(Z14, Z15)
	VZEROUPPER
	RET

// func multiply1AVX512(c, a, b, bias *float32, inner, bStride int, activate bool)
TEXT ·multiply1AVX512(SB), NOSPLIT, $0-49
	MOVQ    c+0(FP), R8
	MOVQ    a+8(FP), AX
	MOVQ    b+16(FP), DI
	MOVQ    bias+24(FP), R12
	MOVQ    inner+32(FP), R11
	MOVQ    bStride+40(FP), R9
	SHLQ    $2, R9
	VMOVUPS (R12), Z8
	VMOVUPS 64(R12), Z9

step:
	VMOVUPS (DI), Z0
	VMOVUPS 64(DI), Z1
	MULTIPLY((AX), Z8, Z9)
	ADDQ R9, DI
	ADDQ $4, AX
	DECQ R11
	JNZ  step

	CMPB   activate+48(FP), $0
	JEQ    store
	VXORPS Z0, Z0, Z0
	ACTIVATE(Z8, Z9)

store:
	VMOVUPS Z8, (R8)
	VMOVUPS Z9, 64(R8)
	VZEROUPPER
	RET
