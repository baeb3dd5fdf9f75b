// A canvas as sharp as the screen, with the page's colours at hand.

/** A context to draw on, in CSS pixels; what was there is gone. Null where there is no canvas yet, or it has no width. */
export function drawOn(
  canvas: HTMLCanvasElement | undefined | null,
  width: number,
  height: number,
): { context: CanvasRenderingContext2D; colour: (property: string) => string } | null {
  const context = canvas?.getContext('2d')
  if (!canvas || !context || width === 0) return null
  const ratio = devicePixelRatio || 1
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  context.scale(ratio, ratio)
  const style = getComputedStyle(canvas.isConnected ? canvas : document.documentElement)
  const colour = (property: string) => style.getPropertyValue(property)
  context.font = `12px ${colour('--mono')}`
  return { context, colour }
}
