// Native dialogs: opened by data-dialog-open="id", closed by data-dialog-close, Esc or a click on the backdrop.
function open(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) return open(opener.dataset.dialogOpen);
  const closer = event.target.closest("[data-dialog-close]");
  if (closer) return closer.closest("dialog")?.close();
  if (event.target instanceof HTMLDialogElement && outside(event)) event.target.close();
});

// A press that begins in the dialog (selecting text) and ends on the backdrop must not close it.
let pressedInside = false;
document.addEventListener("pointerdown", (event) => {
  pressedInside = !(event.target instanceof HTMLDialogElement && outside(event));
});

function outside(event) {
  if (event.type === "click" && (pressedInside || event.detail === 0)) return false;
  const box = event.target.getBoundingClientRect();
  const { clientX: x, clientY: y } = event;
  return x < box.left || x > box.right || y < box.top || y > box.bottom;
}

// A page can open a dialog on arrival: <dialog data-open>, for instance to show a form again with its errors.
for (const dialog of document.querySelectorAll("dialog[data-open]")) dialog.showModal();
