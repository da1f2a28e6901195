// E8 translation: before packing, the operands of x86 CALL instructions (E8) were made absolute, so that calls of one
// function look alike. Undone frame by frame. The last ten bytes of a frame, and everything from 1 GB on, were left
// alone.

export const e8Frames = 32768;

/** Turns absolute operands in `frame`, which begins at `position` of the folder, back to relative ones, in place. */
export function undoE8(frame: Uint8Array, position: number, fileBytes: number): void {
  translate(frame, (view, at) => {
    const absolute = view.getInt32(at + 1, true);
    const here = position + at;
    if (absolute < -here || absolute >= fileBytes) return;
    view.setInt32(at + 1, absolute >= 0 ? absolute - here : absolute + fileBytes, true);
  });
}

/** The opposite of undoE8, in place: what an encoder does before packing. */
export function applyE8(frame: Uint8Array, position: number, fileBytes: number): void {
  translate(frame, (view, at) => {
    const relative = view.getInt32(at + 1, true);
    const here = position + at;
    if (relative < -here || relative >= fileBytes) return;
    view.setInt32(at + 1, relative < fileBytes - here ? relative + here : relative - fileBytes, true);
  });
}

function translate(frame: Uint8Array, change: (view: DataView, at: number) => void): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const end = frame.length - 10;
  for (let at = frame.indexOf(0xe8); at >= 0 && at < end; at = frame.indexOf(0xe8, at + 5)) change(view, at);
}
