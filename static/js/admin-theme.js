// The admin's <html> tag is not ours to write, so the theme cookie is applied here, before anything is painted.
{
  const theme = /(?:^|; )theme=(light|dark)(?:;|$)/.exec(document.cookie)?.[1];
  if (theme) document.documentElement.dataset.theme = theme;
}
