const attempt = require('../../attempt')
const { product } = require('../../config')
const { backend } = getApp()

const WORDS = { paid: '已支付', unpaid: '未支付', closed: '已关闭', refunded: '已退款' }

Page({
  data: { busy: false, error: '', answer: '' },

  buy() {
    return attempt(this, async () => {
      // 价格来自后端的商品目录；是否已支付，以后端的回答为准。
      // The price is the catalogue's; whether it is paid, only the server says.
      const { state, amount } = await backend.pay({ product })
      return { answer: `${WORDS[state] ?? '处理中'}：¥${(amount / 100).toFixed(2)}` }
    })
  },
})
