// Registers this browser, so that notifications come also while no page is open. What it needs is in the page's form.
"use strict";
{
  const form = document.getElementById("push-form");
  const told = form.querySelector("[role=status]");
  const button = form.querySelector("button");
  const isAble = Boolean(navigator.serviceWorker && window.PushManager && window.Notification);

  const encode = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const decode = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const digest = async (text) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)))].map((one) => one.toString(16).padStart(2, "0")).join("").slice(0, 16);
  const describe = () => {
    const find = (names) => names.find((name) => navigator.userAgent.includes(name)) ?? "";
    return [find(["Edg", "OPR", "Firefox", "Chrome", "Safari"]).replace("Edg", "Edge").replace("OPR", "Opera"), find(["Android", "iPhone", "iPad", "Windows", "Mac", "Linux"])].filter(Boolean).join(" · ");
  };

  // A browser belongs to one person: what another one registered here ends.
  const subscribe = async () => {
    const registration = await navigator.serviceWorker.register(form.dataset.worker);
    await navigator.serviceWorker.ready;
    await (await registration.pushManager.getSubscription())?.unsubscribe();
    return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: decode(form.dataset.key) });
  };

  const markOwn = async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    const own = await registration?.pushManager.getSubscription();
    const row = own && document.getElementById(`device-${await digest(own.endpoint)}`);
    row?.querySelector("[data-own]").removeAttribute("hidden");
    if (!row) button.hidden = false;
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    told.textContent = "";
    try {
      if ((await Notification.requestPermission()) !== "granted") throw new DOMException("", "NotAllowedError");
      const made = await subscribe();
      form.elements.endpoint.value = made.endpoint;
      for (const name of ["p256dh", "auth"]) form.elements[name].value = encode(made.getKey(name));
      form.elements.name.value = describe();
      form.submit();
    } catch (error) {
      told.textContent = error.name === "NotAllowedError" ? form.dataset.denied : form.dataset.failed;
      button.disabled = false;
    }
  });
  if (isAble) markOwn();
  else told.textContent = form.dataset.unable;
}
