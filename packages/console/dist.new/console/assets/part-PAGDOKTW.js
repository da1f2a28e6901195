import{J as n,q as r,v as o}from"./part-5UYPTNZW.js";function f(){let s=r();return(t,i)=>{t().then(()=>o(i),e=>o(n(e,s),{isBad:!0}))}}export{f as a};
