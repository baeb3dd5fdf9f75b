// Matrix products: c [R, M] = op(a)·op(b) (+ bias), summed over K. Three forms serve a linear layer forward and backward
// (out = x·w: nn; dx = dout·wᵀ: nt; dw = xᵀ·dout: tn), and a head whose weight is [out, in] (nt; nn; tn).
// Each thread keeps 4 rows × 8 columns of c in registers and reads vec4s; `any` takes sizes that vec4s do not divide.

@group(0) @binding(0) var<storage, read> a: array<f32>;               // nn, nt [R, K]; tn [K, R]
@group(0) @binding(1) var<storage, read> a4: array<vec4f>;            // the same by fours, where VEC_A
@group(0) @binding(2) var<storage, read> b: array<f32>;               // nn, tn [K, M]; nt [M, K]
@group(0) @binding(3) var<storage, read> b4: array<vec4f>;            // the same by fours
@group(0) @binding(4) var<storage, read> bias: array<f32>;            // [M]
@group(0) @binding(5) var<storage, read_write> c: array<f32>;         // [R, M]
@group(0) @binding(6) var<storage, read_write> c4: array<vec4f>;      // the same by fours
@group(0) @binding(7) var<storage, read> dout: array<f32>;            // [R, M]
@group(0) @binding(8) var<storage, read_write> dbias: array<f32>;     // [M]

override R: u32;
override M: u32;
override K: u32;
override VEC_A: bool = false; // a's rows are whole vec4s
override BIAS: bool = false;
override ACCUMULATE: bool = false;
override A_ROW: u32 = 0u; // strides of `any`
override A_K: u32 = 0u;
override B_COLUMN: u32 = 0u;
override B_K: u32 = 0u;

const ROWS = 4u;
const COLUMNS = 8u;
const SIDE = 8u; // threads on a side of a workgroup: it owns 32 rows × 64 columns

fn bias4(m: u32) -> vec4f {
  if (BIAS) { return vec4f(bias[m], bias[m + 1u], bias[m + 2u], bias[m + 3u]); }
  return vec4f();
}
/// Stores one row of a thread's tile, M a multiple of 4.
fn store(row: u32, m: u32, left: vec4f, right: vec4f) {
  if (row >= R) { return; }
  if (m < M) {
    let i = (row * M + m) / 4u;
    if (ACCUMULATE) { c4[i] += left; } else { c4[i] = left + bias4(m); }
  }
  if (m + 4u < M) {
    let i = (row * M + m) / 4u + 1u;
    if (ACCUMULATE) { c4[i] += right; } else { c4[i] = right + bias4(m + 4u); }
  }
}

// one thread per 4 × 8 of c; c = a·b, M a multiple of 4
@compute @workgroup_size(SIDE, SIDE)
fn nn(@builtin(global_invocation_id) id: vec3u) {
  let m = id.x * COLUMNS;
  let row = id.y * ROWS;
  if (m >= M || row >= R) { return; }
  let r = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(R - 1u)) * K;
  let width = M / 4u;
  let left = m / 4u;
  let right = min(left + 1u, width - 1u);
  var l0 = vec4f(); var l1 = vec4f(); var l2 = vec4f(); var l3 = vec4f();
  var r0 = vec4f(); var r1 = vec4f(); var r2 = vec4f(); var r3 = vec4f();
  var k = 0u;
  if (VEC_A) {
    for (; k < K; k += 4u) {
      let x0 = a4[(r.x + k) / 4u];
      let x1 = a4[(r.y + k) / 4u];
      let x2 = a4[(r.z + k) / 4u];
      let x3 = a4[(r.w + k) / 4u];
      var y = b4[k * width + left];
      var z = b4[k * width + right];
      l0 += x0.x * y; l1 += x1.x * y; l2 += x2.x * y; l3 += x3.x * y;
      r0 += x0.x * z; r1 += x1.x * z; r2 += x2.x * z; r3 += x3.x * z;
      y = b4[(k + 1u) * width + left];
      z = b4[(k + 1u) * width + right];
      l0 += x0.y * y; l1 += x1.y * y; l2 += x2.y * y; l3 += x3.y * y;
      r0 += x0.y * z; r1 += x1.y * z; r2 += x2.y * z; r3 += x3.y * z;
      y = b4[(k + 2u) * width + left];
      z = b4[(k + 2u) * width + right];
      l0 += x0.z * y; l1 += x1.z * y; l2 += x2.z * y; l3 += x3.z * y;
      r0 += x0.z * z; r1 += x1.z * z; r2 += x2.z * z; r3 += x3.z * z;
      y = b4[(k + 3u) * width + left];
      z = b4[(k + 3u) * width + right];
      l0 += x0.w * y; l1 += x1.w * y; l2 += x2.w * y; l3 += x3.w * y;
      r0 += x0.w * z; r1 += x1.w * z; r2 += x2.w * z; r3 += x3.w * z;
    }
  } else {
    for (; k < K; k++) {
      let y = b4[k * width + left];
      let z = b4[k * width + right];
      let x = vec4f(a[r.x + k], a[r.y + k], a[r.z + k], a[r.w + k]);
      l0 += x.x * y; l1 += x.y * y; l2 += x.z * y; l3 += x.w * y;
      r0 += x.x * z; r1 += x.y * z; r2 += x.z * z; r3 += x.w * z;
    }
  }
  store(row, m, l0, r0);
  store(row + 1u, m, l1, r1);
  store(row + 2u, m, l2, r2);
  store(row + 3u, m, l3, r3);
}

// one thread per 4 × 8 of c; c = aᵀ·b, M a multiple of 4
@compute @workgroup_size(SIDE, SIDE)
fn tn(@builtin(global_invocation_id) id: vec3u) {
  let m = id.x * COLUMNS;
  let row = id.y * ROWS;
  if (m >= M || row >= R) { return; }
  let r = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(R - 1u));
  let width = M / 4u;
  let left = m / 4u;
  let right = min(left + 1u, width - 1u);
  var l0 = vec4f(); var l1 = vec4f(); var l2 = vec4f(); var l3 = vec4f();
  var r0 = vec4f(); var r1 = vec4f(); var r2 = vec4f(); var r3 = vec4f();
  for (var k = 0u; k < K; k++) {
    var x: vec4f;
    if (VEC_A) { x = a4[(k * R + row) / 4u]; } else { x = vec4f(a[k * R + r.x], a[k * R + r.y], a[k * R + r.z], a[k * R + r.w]); }
    let y = b4[k * width + left];
    let z = b4[k * width + right];
    l0 += x.x * y; l1 += x.y * y; l2 += x.z * y; l3 += x.w * y;
    r0 += x.x * z; r1 += x.y * z; r2 += x.z * z; r3 += x.w * z;
  }
  store(row, m, l0, r0);
  store(row + 1u, m, l1, r1);
  store(row + 2u, m, l2, r2);
  store(row + 3u, m, l3, r3);
}

/// Stores one element of c.
fn put(row: u32, m: u32, value: f32) {
  if (row >= R || m >= M) { return; }
  let i = row * M + m;
  if (ACCUMULATE) {
    c[i] += value;
  } else if (BIAS) {
    c[i] = value + bias[m];
  } else {
    c[i] = value;
  }
}

// one thread per 4 × 4 of c; c = a·bᵀ, K a multiple of 4
@compute @workgroup_size(SIDE, SIDE)
fn nt(@builtin(global_invocation_id) id: vec3u) {
  let m = id.x * 4u;
  let row = id.y * ROWS;
  if (m >= M || row >= R) { return; }
  let width = K / 4u;
  let r = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(R - 1u)) * width;
  let s = min(vec4u(m, m + 1u, m + 2u, m + 3u), vec4u(M - 1u)) * width;
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  for (var k = 0u; k < width; k++) {
    let x0 = a4[r.x + k];
    let x1 = a4[r.y + k];
    let x2 = a4[r.z + k];
    let x3 = a4[r.w + k];
    let y = transpose(mat4x4f(b4[s.x + k], b4[s.y + k], b4[s.z + k], b4[s.w + k]));
    s0 += y * x0;
    s1 += y * x1;
    s2 += y * x2;
    s3 += y * x3;
  }
  for (var j = 0u; j < 4u; j++) {
    put(row, m + j, s0[j]);
    put(row + 1u, m + j, s1[j]);
    put(row + 2u, m + j, s2[j]);
    put(row + 3u, m + j, s3[j]);
  }
}

// one thread per 4 × 4 of c, any form and any size by its strides
@compute @workgroup_size(SIDE, SIDE)
fn any(@builtin(global_invocation_id) id: vec3u) {
  let m = id.x * 4u;
  let row = id.y * ROWS;
  if (m >= M || row >= R) { return; }
  let r = min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(R - 1u)) * A_ROW;
  let s = min(vec4u(m, m + 1u, m + 2u, m + 3u), vec4u(M - 1u)) * B_COLUMN;
  var s0 = vec4f(); var s1 = vec4f(); var s2 = vec4f(); var s3 = vec4f();
  for (var k = 0u; k < K; k++) {
    let i = k * A_K;
    let j = k * B_K;
    let y = vec4f(b[s.x + j], b[s.y + j], b[s.z + j], b[s.w + j]);
    s0 += a[r.x + i] * y;
    s1 += a[r.y + i] * y;
    s2 += a[r.z + i] * y;
    s3 += a[r.w + i] * y;
  }
  for (var j = 0u; j < 4u; j++) {
    put(row, m + j, s0[j]);
    put(row + 1u, m + j, s1[j]);
    put(row + 2u, m + j, s2[j]);
    put(row + 3u, m + j, s3[j]);
  }
}

var<workgroup> parts: array<array<f32, 16>, 16>;

// one workgroup per 16 columns; out = x·w + bias
@compute @workgroup_size(16, 16)
fn backward_bias(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let m = group.x * 16u + local.x;
  var sum = 0.0;
  if (m < M) {
    for (var row = local.y; row < R; row += 16u) { sum += dout[row * M + m]; }
  }
  parts[local.y][local.x] = sum;
  workgroupBarrier();
  if (local.y > 0u || m >= M) { return; }
  for (var k = 1u; k < 16u; k++) { sum += parts[k][local.x]; }
  if (ACCUMULATE) { dbias[m] += sum; } else { dbias[m] = sum; }
}
