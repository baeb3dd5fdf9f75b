// Matrix products: c [R, M] = op(a)·op(b), summed over K. Three forms serve a linear layer forward and backward
// (out = x·w: nn; dx = dout·wᵀ: nt; dw = xᵀ·dout: tn), and a head whose weight is [out, in] (nt; nn; tn).
// This file holds what all variants share, reading a and b and storing a sum, and the plain variant.
// The plain variant keeps a small tile of c in each thread's registers. matmul.tile.wgsl and matmul.block.wgsl share tiles of a and b in
// workgroup memory, matmul.subgroup.wgsl within a subgroup. All of them add k = 0, 1, 2, … in this order and so give the same bits.
// With `fast`, tiles may have 16 bits, and matmul.matrix.wgsl may compute.

@group(0) @binding(0) var<storage, read> a: array<f32>;             // nn, nt [R, K]; tn [K, R]
@group(0) @binding(1) var<storage, read> a4: array<vec4f>;          // the same by fours, where VEC_A
@group(0) @binding(2) var<storage, read> b: array<f32>;             // nn, tn [K, M]; nt [M, K]
@group(0) @binding(3) var<storage, read> b4: array<vec4f>;          // the same by fours
@group(0) @binding(4) var<storage, read> bias: array<numbers>;      // [M]
@group(0) @binding(5) var<storage, read> beside: array<numbers>;    // [R, M] the residual that is added, or the input of the activation's slope
@group(0) @binding(6) var<storage, read_write> pre: array<numbers>; // [R, M] what the activation is given
@group(0) @binding(7) var<storage, read_write> c: array<numbers>;   // [R, M], or [PARTS, R, M]
@group(0) @binding(8) var<storage, read> partials: array<numbers>;  // [PARTS, R, M]
@group(0) @binding(9) var<storage, read> dout: array<f32>;          // [R, M]
@group(0) @binding(10) var<storage, read_write> dbias: array<f32>;  // [M]
@group(0) @binding(12) var<storage, read> dice: array<u32>;         // DICE of src/engine.ts

/// The sizes of a call are a uniform, so that one kernel serves all layers. What follows a sum (bias, activation, dropout, residual) is
/// compiled in: as branches at each store it tripled the time to compile.
struct Size {
  r: u32,        // sizes of the product
  m: u32,
  k: u32,
  parts: u32,    // parts of the sum over K, one a workgroup (group.z); `finish` adds them
  k_part: u32,   // length of a part
  a_row: u32,    // strides of a and b, for `any`
  a_k: u32,
  b_column: u32,
  b_k: u32,
  a_pitch: u32,  // lengths of rows of a and c in memory: a head's logits are padded, in c with anything, in a with zeros
  c_pitch: u32,
  stream: u32,   // stream of random numbers of this dropout
}
@group(0) @binding(11) var<uniform> size: Size;

override FORM: u32 = FORM_NN;
override VEC_A: bool = false;       // a's rows are whole vec4s
override PARTIAL: bool = false;     // the sum covers a part of K; `finish` adds the parts
override BIAS: bool = false;
override SLOPE: bool = false;       // the sum is a gradient, multiplied by the activation's slope
override RESIDUAL: bool = false;
override ACTIVATION: u32 = 0u;
override ACCUMULATE: bool = false;
override THRESHOLD: u32 = 0u;       // of dropout: p · 2³²
override RESCALE: f32 = 1.0;        // 1/(1 − p)
// The smallest f16 is 6e-8, and a gradient of a mean over N rows is about 1/N. A gradient kept in 16 bits is therefore scaled up by a
// power of two, and the sum scaled down again.
override UP_A: f32 = 1.0;
override UP_B: f32 = 1.0;
override DOWN: f32 = 1.0 / (UP_A * UP_B);

// ---- reading four neighbours in memory at once: an index past R or M reads the last row, one past K zeros ---------------

/// a(row, k … k + 3), nn and nt.
fn a_along_k(row: u32, k: u32) -> vec4f {
  let i = min(row, size.r - 1u) * size.a_pitch + k;
  if (VEC_A) { return select(vec4f(), a4[i / 4u], k < size.k); }
  return vec4f(
    select(0.0, a[i], k < size.k),
    select(0.0, a[i + 1u], k + 1u < size.k),
    select(0.0, a[i + 2u], k + 2u < size.k),
    select(0.0, a[i + 3u], k + 3u < size.k),
  );
}
/// a(row … row + 3, k), tn.
fn a_along_rows(row: u32, k: u32) -> vec4f {
  let i = min(k, size.k - 1u) * size.a_pitch;
  if (VEC_A) { return select(vec4f(), a4[(i + min(row, size.a_pitch - 4u)) / 4u], k < size.k); }
  let at = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(size.r - 1u)) + i;
  return select(vec4f(), vec4f(a[at.x], a[at.y], a[at.z], a[at.w]), k < size.k);
}
/// b(k, m … m + 3), nn and tn: M is a multiple of 4.
fn b_along_columns(k: u32, m: u32) -> vec4f {
  return b4[(min(k, size.k - 1u) * size.m + min(m, size.m - 4u)) / 4u];
}
/// b(k … k + 3, m), nt: K is a multiple of 4.
fn b_along_k(k: u32, m: u32) -> vec4f {
  return b4[(min(m, size.m - 1u) * size.k + min(k, size.k - 4u)) / 4u];
}

/// Four rows of a at k, k + 1, k + 2, k + 3.
fn a_block(row: u32, k: u32) -> mat4x4f {
  if (FORM == FORM_TN) {
    return mat4x4f(a_along_rows(row, k), a_along_rows(row, k + 1u), a_along_rows(row, k + 2u), a_along_rows(row, k + 3u));
  }
  return transpose(mat4x4f(a_along_k(row, k), a_along_k(row + 1u, k), a_along_k(row + 2u, k), a_along_k(row + 3u, k)));
}
/// Four columns of b at k, k + 1, k + 2, k + 3.
fn b_block(k: u32, m: u32) -> mat4x4f {
  if (FORM == FORM_NT) {
    return transpose(mat4x4f(b_along_k(k, m), b_along_k(k, m + 1u), b_along_k(k, m + 2u), b_along_k(k, m + 3u)));
  }
  return mat4x4f(b_along_columns(k, m), b_along_columns(k + 1u, m), b_along_columns(k + 2u, m), b_along_columns(k + 3u, m));
}

/// The stretch of K that this workgroup adds up.
fn k_range(part: u32) -> vec2u {
  if (!PARTIAL) { return vec2u(0u, size.k); }
  return vec2u(part * size.k_part, min((part + 1u) * size.k_part, size.k));
}

// ---- storing, by fours where M is a multiple of four ------------------------------------------------------------------

/// Dropout of the i-th `numbers` of c.
fn drop(i: u32, y: numbers) -> numbers {
  return y * keep_each(dropout_key(dice[DICE_SEED], dice[DICE_STEP], size.stream), i, THRESHOLD, RESCALE);
}

/// Stores one `numbers` of c after bias, activation or its slope, dropout and residual.
fn put(row: u32, m: u32, part: u32, scaled: numbers) {
  if (row >= size.r || m >= size.c_pitch) { return; }
  let i = (row * size.c_pitch + m) / STEP;
  let sum = scaled * DOWN;
  if (PARTIAL) {
    c[part * (size.r * size.c_pitch / STEP) + i] = sum;
    return;
  }
  var y = sum;
  if (BIAS) { y += bias[m / STEP]; }
  y = followed(i, y); // activation or dropout, or y itself: shaderOf in src/ops/matmul.ts writes this function
  if (SLOPE) { y *= slope_each(ACTIVATION, beside[i]); }
  if (RESIDUAL) { y += beside[i]; }
  if (ACCUMULATE) { c[i] += y; } else { c[i] = y; }
}

// one thread per `numbers` of c; c = Σ partials, in the order of the parts
@compute @workgroup_size(FLAT)
fn finish(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_thread(group, groups, lane, FLAT);
  let apart = size.r * size.c_pitch / STEP;
  if (i >= apart) { return; }
  var sum = numbers();
  for (var part = 0u; part < size.parts; part++) { sum += partials[part * apart + i]; }
  if (ACCUMULATE) { c[i] += sum; } else { c[i] = sum; }
}

// ---- the plain variant -------------------------------------------------------------------------------------------------

const SIDE = MATMUL_SIDE; // threads on a side of a workgroup

// one thread per 4 × 8 of c, a workgroup per 32 × 64; nn and tn
@compute @workgroup_size(SIDE, SIDE)
fn plain(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let m = (group.x * SIDE + local.x) * 8u;
  let row = (group.y * SIDE + local.y) * 4u;
  if (m >= size.m || row >= size.r) { return; }
  var l0 = vec4f(); var l1 = vec4f(); var l2 = vec4f(); var l3 = vec4f();
  var r0 = vec4f(); var r1 = vec4f(); var r2 = vec4f(); var r3 = vec4f();
  let range = k_range(group.z);
  for (var k = range.x; k < range.y; k += 4u) {
    let x = a_block(row, k);
    for (var j = 0u; j < 4u; j++) {
      let y = b_along_columns(k + j, m);
      let z = b_along_columns(k + j, m + 4u);
      l0 += x[j].x * y; l1 += x[j].y * y; l2 += x[j].z * y; l3 += x[j].w * y;
      r0 += x[j].x * z; r1 += x[j].y * z; r2 += x[j].z * z; r3 += x[j].w * z;
    }
  }
  put4(row, m, group.z, l0); put4(row, m + 4u, group.z, r0);
  put4(row + 1u, m, group.z, l1); put4(row + 1u, m + 4u, group.z, r1);
  put4(row + 2u, m, group.z, l2); put4(row + 2u, m + 4u, group.z, r2);
  put4(row + 3u, m, group.z, l3); put4(row + 3u, m + 4u, group.z, r3);
}

// one thread per 4 × 4 of c, a workgroup per 32 × 32; nt
@compute @workgroup_size(SIDE, SIDE)
fn plain_nt(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let m = (group.x * SIDE + local.x) * 4u;
  let row = (group.y * SIDE + local.y) * 4u;
  if (m >= size.m || row >= size.r) { return; }
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  let range = k_range(group.z);
  for (var k = range.x; k < range.y; k += 4u) {
    let x = a_block(row, k);
    let y = b_block(k, m);
    for (var j = 0u; j < 4u; j++) {
      s0 += x[j].x * y[j];
      s1 += x[j].y * y[j];
      s2 += x[j].z * y[j];
      s3 += x[j].w * y[j];
    }
  }
  put4(row, m, group.z, s0);
  put4(row + 1u, m, group.z, s1);
  put4(row + 2u, m, group.z, s2);
  put4(row + 3u, m, group.z, s3);
}

// one thread per 4 × 4 of c; any form and any size, by strides
@compute @workgroup_size(SIDE, SIDE)
fn any(@builtin(global_invocation_id) id: vec3u) {
  let m = id.x * 4u;
  let row = id.y * 4u;
  if (m >= size.m || row >= size.r) { return; }
  let r = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(size.r - 1u)) * size.a_row;
  let s = min(vec4u(m, m + 1u, m + 2u, m + 3u), vec4u(size.m - 1u)) * size.b_column;
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  for (var k = 0u; k < size.k; k++) {
    let i = k * size.a_k;
    let j = k * size.b_k;
    let y = vec4f(b[s.x + j], b[s.y + j], b[s.z + j], b[s.w + j]);
    s0 += a[r.x + i] * y;
    s1 += a[r.y + i] * y;
    s2 += a[r.z + i] * y;
    s3 += a[r.w + i] * y;
  }
  put4(row, m, 0u, s0);
  put4(row + 1u, m, 0u, s1);
  put4(row + 2u, m, 0u, s2);
  put4(row + 3u, m, 0u, s3);
}

var<workgroup> slices: array<vec4f, SIDE * SIDE>;

// one workgroup per 32 columns of one row, one thread per four columns and an eighth of K; nn and nt, for few rows
@compute @workgroup_size(SIDE, SIDE)
fn thin(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let m = (group.x * SIDE + local.x) * 4u;
  var sum = vec4f();
  for (var k = local.y * 4u; k < size.k; k += 4u * SIDE) {
    let x = a_along_k(group.y, k);
    sum += b_block(k, m) * x;
  }
  slices[local.y * SIDE + local.x] = sum;
  workgroupBarrier();
  if (local.y > 0u) { return; }
  for (var slice = 1u; slice < SIDE; slice++) { sum += slices[slice * SIDE + local.x]; }
  put4(group.y, m, 0u, sum);
}

const COLUMNS = MATMUL_BIAS_COLUMNS;
const SLICES = 16u;
var<workgroup> column: array<array<f32, COLUMNS>, SLICES>;

// one workgroup per 16 columns; out = x·w + bias
@compute @workgroup_size(COLUMNS, SLICES)
fn backward_bias(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let m = group.x * COLUMNS + local.x;
  var sum = 0.0;
  if (m < size.m) {
    for (var row = local.y; row < size.r; row += SLICES) { sum += dout[row * size.m + m]; }
  }
  column[local.y][local.x] = sum;
  workgroupBarrier();
  if (local.y > 0u || m >= size.m) { return; }
  for (var k = 1u; k < SLICES; k++) { sum += column[k][local.x]; }
  if (ACCUMULATE) { dbias[m] += sum; } else { dbias[m] = sum; }
}
