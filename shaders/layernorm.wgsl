// LayerNorm (Ba et al., arXiv 1607.06450): out = (x − mean) · rstd · weight + bias over each row of C numbers,
// rstd = 1/√(var + eps).

@group(0) @binding(0) var<storage, read> x: array<f32>;              // [N, C]
@group(0) @binding(1) var<storage, read> weight: array<f32>;         // [C]
@group(0) @binding(2) var<storage, read> bias: array<f32>;           // [C]
@group(0) @binding(3) var<storage, read_write> out: array<f32>;      // [N, C]
@group(0) @binding(4) var<storage, read_write> mean: array<f32>;     // [N]
@group(0) @binding(5) var<storage, read_write> rstd: array<f32>;     // [N]
@group(0) @binding(6) var<storage, read> dout: array<f32>;           // [N, C]
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;       // [N, C]
@group(0) @binding(8) var<storage, read_write> dweight: array<f32>;  // [C]
@group(0) @binding(9) var<storage, read_write> dbias: array<f32>;    // [C]

override N: u32;
override C: u32;
override EPS: f32 = 1e-5;
override BIAS: bool = false;
override ACCUMULATE: bool = false;

// one workgroup per row
@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = flat_group(group, groups);
  if (n >= N) { return; }
  var sum = 0.0;
  for (var c = lane; c < C; c += LANES) { sum += x[n * C + c]; }
  let m = sum_lanes(sum, lane) / f32(C);
  var squares = 0.0;
  for (var c = lane; c < C; c += LANES) {
    let centred = x[n * C + c] - m;
    squares += centred * centred;
  }
  let r = inverseSqrt(sum_lanes(squares, lane) / f32(C) + EPS);
  for (var c = lane; c < C; c += LANES) {
    var y = (x[n * C + c] - m) * r * weight[c];
    if (BIAS) { y += bias[c]; }
    out[n * C + c] = y;
  }
  if (lane == 0u) {
    mean[n] = m;
    rstd[n] = r;
  }
}

// one workgroup per row; with x̂ = (x − mean) · rstd and g = dout · weight: dx = rstd · (g − mean(g) − x̂ · mean(g · x̂))
@compute @workgroup_size(LANES)
fn backward_x(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = flat_group(group, groups);
  if (n >= N) { return; }
  let m = mean[n];
  let r = rstd[n];
  var sum_g = 0.0;
  var sum_gx = 0.0;
  for (var c = lane; c < C; c += LANES) {
    let g = dout[n * C + c] * weight[c];
    sum_g += g;
    sum_gx += g * (x[n * C + c] - m) * r;
  }
  let mean_g = sum_lanes(sum_g, lane) / f32(C);
  let mean_gx = sum_lanes(sum_gx, lane) / f32(C);
  for (var c = lane; c < C; c += LANES) {
    let g = dout[n * C + c] * weight[c];
    let d = r * (g - mean_g - (x[n * C + c] - m) * r * mean_gx);
    if (ACCUMULATE) { dx[n * C + c] += d; } else { dx[n * C + c] = d; }
  }
}

const COLUMNS = 16u;
const ROWS = 16u;
var<workgroup> parts: array<array<vec2f, COLUMNS>, ROWS>;

/// Σ over rows of (dout · x̂, dout) for column c; the value in the first row of lanes is whole.
fn column_sums(c: u32, column: u32, row: u32) -> vec2f {
  var sums = vec2f();
  if (c < C) {
    for (var n = row; n < N; n += ROWS) {
      let d = dout[n * C + c];
      sums += vec2f(d * (x[n * C + c] - mean[n]) * rstd[n], d);
    }
  }
  parts[row][column] = sums;
  workgroupBarrier();
  if (row == 0u) {
    for (var k = 1u; k < ROWS; k++) { sums += parts[k][column]; }
  }
  return sums;
}

// one workgroup per 16 columns; out = x̂ · weight + bias
@compute @workgroup_size(COLUMNS, ROWS)
fn backward_weight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let c = group.x * COLUMNS + local.x;
  let sums = column_sums(c, local.x, local.y);
  if (local.y > 0u || c >= C) { return; }
  if (ACCUMULATE) { dweight[c] += sums.x; } else { dweight[c] = sums.x; }
}

// the same, for the bias
@compute @workgroup_size(COLUMNS, ROWS)
fn backward_bias(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let c = group.x * COLUMNS + local.x;
  let sums = column_sums(c, local.x, local.y);
  if (local.y > 0u || c >= C) { return; }
  if (ACCUMULATE) { dbias[c] += sums.y; } else { dbias[c] = sums.y; }
}
