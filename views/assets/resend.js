// Counts down until another code can be sent. The page says when that is without it.
const wait = document.getElementById("resend-wait");
const ready = document.getElementById("resend-ready");
const button = document.getElementById("resend");
const overAtMs = Date.now() + Number(wait.dataset.resendSeconds) * 1000;

const twoDigits = (n) => String(n).padStart(2, "0");

function clockOf(seconds) {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const left = twoDigits(seconds % 60);
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${left}` : `${minutes}:${left}`;
}

// The page stays as it is while it counts, so nothing is read out; the end of it is.
function show() {
  const seconds = Math.ceil((overAtMs - Date.now()) / 1000);
  button.disabled = seconds > 0;
  if (seconds > 0) {
    wait.textContent = wait.dataset.words.replace("%", () => clockOf(seconds));
    return;
  }
  clearInterval(timer);
  button.removeAttribute("aria-describedby");
  wait.remove();
  ready.textContent = ready.dataset.words;
}

const timer = setInterval(show, 1000);
show();
