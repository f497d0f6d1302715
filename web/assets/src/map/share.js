// A button that passes on the link of a field: by what the device offers for it, else to the clipboard.
export const prepareShare = (button) => {
  const link = document.getElementById(button.dataset.share);
  button.hidden = false;
  link.addEventListener("focus", () => link.select());
  button.addEventListener("click", async () => {
    if (navigator.share && matchMedia("(pointer: coarse)").matches) {
      await navigator.share({ url: link.value }).catch(() => undefined); // who changes his mind has lost nothing
      return;
    }
    link.select();
    await navigator.clipboard.writeText(link.value);
    button.querySelector("[role=status]").textContent = button.dataset.done;
  });
};
