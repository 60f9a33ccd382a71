/** Single lanes of int32 vectors, repeated, and vectors that stay in registers. */

// @ts-ignore: decorator
@inline
export function lane0(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 0, 0, 0, 0);
}

// @ts-ignore: decorator
@inline
export function lane1(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 1, 1, 1, 1);
}

// @ts-ignore: decorator
@inline
export function lane2(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 2, 2, 2, 2);
}

// @ts-ignore: decorator
@inline
export function lane3(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 3, 3, 3, 3);
}

/**
 * Always 0, which no compiler knows because the host could write it. V8 makes a constant vector anew at each use, in three or four
 * instructions; `splat(c | zero)` ahead of a loop keeps it in a register.
 */
export let zero: i32 = 0;
