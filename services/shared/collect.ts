/** All bytes of a stream as one piece. Unlike node:stream/consumers it makes no Blob between, which copies once more. */
export async function collect(
  source: AsyncIterable<Uint8Array>,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}
