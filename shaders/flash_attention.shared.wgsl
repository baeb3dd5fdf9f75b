// What four neighbouring threads have of four vec4s, added up through workgroup memory; see flash_attention.tile.wgsl.

// [4 vec4s, 4 threads, THREADS / 4]: threads that read together read neighbours.
var<workgroup> parts: array<vec4f, 4u * THREADS>;

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
