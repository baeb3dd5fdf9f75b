// RMSNorm (Zhang and Sennrich, arXiv 1910.07467): out = x · rstd · weight over each row of C numbers,
// rstd = 1/√(mean(x²) + eps).

@group(0) @binding(0) var<storage, read> x: array<f32>;              // [N, C]
@group(0) @binding(1) var<storage, read> weight: array<f32>;         // [C]
@group(0) @binding(2) var<storage, read_write> out: array<f32>;      // [N, C]
@group(0) @binding(3) var<storage, read_write> rstd: array<f32>;     // [N]
@group(0) @binding(4) var<storage, read> dout: array<f32>;           // [N, C]
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;       // [N, C]
@group(0) @binding(6) var<storage, read_write> dweight: array<f32>;  // [C]

override N: u32;
override C: u32;
override EPS: f32 = 1e-5;
override ACCUMULATE: bool = false;

// one workgroup per row
@compute @workgroup_size(LANES)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = flat_group(group, groups);
  if (n >= N) { return; }
  var squares = 0.0;
  for (var c = lane; c < C; c += LANES) { squares += x[n * C + c] * x[n * C + c]; }
  let r = inverseSqrt(sum_lanes(squares, lane) / f32(C) + EPS);
  for (var c = lane; c < C; c += LANES) { out[n * C + c] = x[n * C + c] * r * weight[c]; }
  if (lane == 0u) { rstd[n] = r; }
}

// one workgroup per row; with x̂ = x · rstd and g = dout · weight: dx = rstd · (g − x̂ · mean(g · x̂))
@compute @workgroup_size(LANES)
fn backward_x(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let n = flat_group(group, groups);
  if (n >= N) { return; }
  let r = rstd[n];
  var sum = 0.0;
  for (var c = lane; c < C; c += LANES) { sum += dout[n * C + c] * weight[c] * x[n * C + c] * r; }
  let mean_gx = sum_lanes(sum, lane) / f32(C);
  for (var c = lane; c < C; c += LANES) {
    let d = r * (dout[n * C + c] * weight[c] - x[n * C + c] * r * mean_gx);
    if (ACCUMULATE) { dx[n * C + c] += d; } else { dx[n * C + c] = d; }
  }
}

const COLUMNS = 16u;
const ROWS = 16u;
var<workgroup> parts: array<array<f32, COLUMNS>, ROWS>;

// one workgroup per 16 columns; out = x̂ · weight
@compute @workgroup_size(COLUMNS, ROWS)
fn backward_weight(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let c = group.x * COLUMNS + local.x;
  var sum = 0.0;
  if (c < C) {
    for (var n = local.y; n < N; n += ROWS) { sum += dout[n * C + c] * x[n * C + c] * rstd[n]; }
  }
  parts[local.y][local.x] = sum;
  workgroupBarrier();
  if (local.y > 0u || c >= C) { return; }
  for (var k = 1u; k < ROWS; k++) { sum += parts[k][local.x]; }
  if (ACCUMULATE) { dweight[c] += sum; } else { dweight[c] = sum; }
}
