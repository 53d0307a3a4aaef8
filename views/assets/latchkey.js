// Lets a person see the password that they type. The page is complete without it.
for (const button of document.querySelectorAll("button[data-reveals]")) {
  const input = document.getElementById(button.dataset.reveals);

  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  };

  button.addEventListener("click", () => show(input.type === "password"));
  // So that the browser takes it for a password and saves it as one.
  input.form.addEventListener("submit", () => show(false));
  button.hidden = false;
}

// Tells when a wait is over in the time of the place; without it the page says UTC.
for (const time of document.querySelectorAll("time[data-until]")) {
  const at = new Date(Number(time.dataset.until) * 1000);
  const words = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" });
  time.dateTime = at.toISOString();
  time.textContent = time.dataset.words.replace("%", () => words.format(at));
}
