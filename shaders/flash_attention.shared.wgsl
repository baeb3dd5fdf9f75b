// `sum_quad` of flash_attention.tile.wgsl through workgroup memory.

// [4 columns, 4 threads, THREADS / 4 quads]: threads that read at the same time read neighbouring vec4s.
var<workgroup> parts: array<vec4f, 4u * THREADS>;

/// Sum of each column of `own` over the four threads of a quad.
fn sum_quad(own: mat4x4f, lane: u32) -> mat4x4f {
  let quad = lane / 4u;
  for (var i = 0u; i < 4u; i++) { parts[(4u * i + lane % 4u) * (THREADS / 4u) + quad] = own[i]; }
  workgroupBarrier();
  var sum: mat4x4f;
  for (var i = 0u; i < 4u; i++) {
    let at = 4u * i * (THREADS / 4u) + quad;
    sum[i] = (parts[at] + parts[at + THREADS / 4u]) + (parts[at + 2u * (THREADS / 4u)] + parts[at + 3u * (THREADS / 4u)]);
  }
  workgroupBarrier();
  return sum;
}
